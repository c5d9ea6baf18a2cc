"""put() into a full asyncio.Queue that nobody gets from.

The only task fills the queue and waits for room. There is no other task or thread: lost.
"""
import asyncio
import os

import hang

hang.init()


async def main():
    queue = asyncio.Queue(maxsize=1)
    await queue.put("first")
    hang.ready(hang.deserves("LOST_PEER", ["read"], "no", [{"pid": os.getpid()}],
                             ["DEADLOCK", "IDLE", "FULL_PIPE", "UNKNOWN"]),
               [hang.parked("epoll_wait")])
    await queue.put("second")


asyncio.run(main())
