"""An asyncio program with children that fork made and that never exec.

One is forked before there is a loop and has one of its own, though the program is the same. One is forked by a task: it has
a copy of every task, which nothing runs. One more is forked by a task and then runs a loop of its own, on top of the copy."""

import asyncio
import os
import sys
import time

import truth

own = os.fork()


async def bystander():
    await asyncio.Event().wait()


async def rests(name):
    asyncio.current_task().set_name(name)
    kept = asyncio.get_running_loop().create_task(bystander(), name=name + "'s bystander")
    await kept


def child_sleeps():
    time.sleep(1e6)


def child_runs():
    if hasattr(asyncio.events, "_set_running_loop"):
        asyncio.events._set_running_loop(None)
    asyncio.new_event_loop().run_until_complete(rests("new"))


async def forker(facts):
    for name, runs in (("copy", child_sleeps), ("both", child_runs)):
        pid = os.fork()
        if pid == 0:
            runs()
        facts[name] = pid
    await asyncio.Event().wait()


async def main(facts):
    asyncio.current_task().set_name("main")
    loop = asyncio.get_running_loop()
    kept = [loop.create_task(bystander(), name="bystander")]
    if own:
        kept.append(loop.create_task(forker(facts), name="forker"))
    await asyncio.wait(kept)


if __name__ == "__main__":
    facts = {"own": own}
    if own:
        truth.settled(sys.argv[1], lambda: facts if "both" in facts else None)
    asyncio.run(main(facts))
