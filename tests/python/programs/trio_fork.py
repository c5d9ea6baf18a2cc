"""A trio program whose task forks: the child, which never execs, has a copy of every task.

A second child is forked before trio runs and has a loop of its own, though the program is the same. A third is forked by the
task, too, and runs a loop of its own in a thread."""

import os
import sys
import threading
import time

import trio
import truth

own = os.fork()


async def bystander():
    await trio.sleep_forever()


async def rests():
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bystander, name="new bystander")


def run_anew():
    thread = threading.Thread(target=trio.run, args=(rests,))
    thread.start()
    thread.join()


async def forker(facts):
    await trio.sleep(0.1)
    for name, runs in (("copy", lambda: time.sleep(1e6)), ("both", run_anew)):
        child = os.fork()
        if child == 0:
            runs()
        facts[name] = child
    await trio.sleep_forever()


async def main(facts):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bystander, name="bystander")
        if own:
            nursery.start_soon(forker, facts, name="forker")


facts = {"own": own}
if own:
    truth.settled(sys.argv[1], lambda: facts if "both" in facts else None)
trio.run(main, facts)
