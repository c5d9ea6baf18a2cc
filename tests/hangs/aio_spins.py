"""An asyncio task that asks for its turn again and again, until a flag is set that nobody sets.

The loop calls epoll_wait without a timeout in between and does not wait there: the main task can go
on at once, always. All CPU goes round in the few functions of the loop: BUSY_LOOP.
"""
import asyncio
import os

import hang

hang.init()
done = False


async def main():
    while not done:
        await asyncio.sleep(0)


hang.ready(hang.deserves("BUSY_LOOP", ["read"], "unknown", [{"pid": os.getpid()}],
                         ["SLOW", "LIVELOCK", "IDLE", "UNKNOWN"]),
           [{"pid": os.getpid(), "busy": True}], moving=True)
asyncio.run(main())
