"""A task blocks the loop in a C call, deep in an await chain that goes through an asynchronous generator."""

import sys
import time

import trio
import truth


def block():
    time.sleep(1e6)


async def inner():
    await trio.lowlevel.checkpoint()
    block()


async def numbers():
    yield 1
    await inner()
    yield 2


async def outer():
    async for _ in numbers():
        pass


async def main():
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep_forever, name="sleeper")
        nursery.start_soon(outer, name="blocker")
        nursery.start_soon(trio.sleep, 0.01, name="would be woken")


truth.settled(sys.argv[1], lambda: {"stack": truth.stack(sys._current_frames()[truth.main_ident()])})
trio.run(main)
