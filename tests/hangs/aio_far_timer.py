"""An asyncio program with nothing but a far timer.

asyncio.sleep(100): the deadline is in epoll_wait's timeout, and nothing else can wake it. It ends
by itself.
"""
import asyncio
import os

import hang

hang.init()


async def main():
    hang.ready(hang.deserves("TIMER", ["proved", "read"], "timer", [{"pid": os.getpid()}],
                             ["DEADLOCK", "LOST_PEER", "IDLE", "UNKNOWN"]),
               [hang.parked("epoll_wait")])
    await asyncio.sleep(100)


asyncio.run(main())
