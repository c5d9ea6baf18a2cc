"""Two trio tasks take two trio.Locks in opposite order.

A trio.Lock names its owner, the task. A third task sleeps for a while and has nothing to do with
it: were it a candidate, all would be alive. The nursery needs all three.
"""
import os

import trio

import hang

hang.init()


async def take(first, second):
    async with first:
        await trio.sleep(0.05)
        async with second:
            pass


async def main():
    a, b = trio.Lock(), trio.Lock()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(take, a, b, name="a then b")
        nursery.start_soon(take, b, a, name="b then a")
        nursery.start_soon(trio.sleep, 100)
        await trio.sleep(0.2)
        hang.ready(hang.deserves("DEADLOCK", ["read"], "no", [{"pid": os.getpid()}],
                                 ["LOST_PEER", "TIMER", "IDLE", "UNKNOWN"]),
                   [hang.parked("epoll_wait")])


trio.run(main)
