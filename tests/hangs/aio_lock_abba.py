"""Two asyncio tasks take two asyncio.Locks in opposite order.

An asyncio.Lock has no owner; every other task of the loop is a candidate: the other taker, and
the main task, which waits for both. Nobody outside these three could release anything.
"""
import asyncio
import os

import hang

hang.init()


async def take(first, second):
    async with first:
        await asyncio.sleep(0.05)
        async with second:
            pass


async def main():
    a, b = asyncio.Lock(), asyncio.Lock()
    takers = [asyncio.create_task(take(a, b), name="a then b"),
              asyncio.create_task(take(b, a), name="b then a")]
    await asyncio.sleep(0.2)
    hang.ready(hang.deserves("DEADLOCK", ["inferred", "read"], ["no", "unknown"],
                             [{"pid": os.getpid()}], ["LOST_PEER", "IDLE", "UNKNOWN"]),
               [hang.parked("epoll_wait")])
    await asyncio.gather(*takers)


asyncio.run(main())
