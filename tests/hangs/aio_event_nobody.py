"""An asyncio.Event that nobody sets.

The only task of the only thread waits for it; nothing is scheduled and the loop watches only its
own self-pipe. Every other task or thread would be a candidate to set it, and there is none: lost.
"""
import asyncio
import os

import hang

hang.init()


async def main():
    hang.ready(hang.deserves("LOST_PEER", ["read"], "no", [{"pid": os.getpid()}],
                             ["DEADLOCK", "IDLE", "UNKNOWN"]), [hang.parked("epoll_wait")])
    await asyncio.Event().wait()


asyncio.run(main())
