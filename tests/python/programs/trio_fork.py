"""A trio program whose task forks: the child, which never execs, has a copy of every task.

A second child is forked before trio runs and has a loop of its own, though the program is the same."""

import os
import sys
import time

import trio
import truth

own = os.fork()


async def bystander():
    await trio.sleep_forever()


async def forker(facts):
    await trio.sleep(0.1)
    child = os.fork()
    if child == 0:
        time.sleep(1e6)
    facts["copy"] = child
    await trio.sleep_forever()


async def main(facts):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bystander, name="bystander")
        if own:
            nursery.start_soon(forker, facts, name="forker")


facts = {"own": own}
if own:
    truth.settled(sys.argv[1], lambda: facts)
trio.run(main, facts)
