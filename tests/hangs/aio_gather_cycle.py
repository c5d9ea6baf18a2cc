"""asyncio.gather() waits for a task that waits for that gather().

The main task awaits the gathering future, which needs its one task; the task awaits the gathering
future. The loop's self-pipe is all that epoll watches, and a loop's own wake-up descriptors wake
nobody. Both edges are in the tasks: read from memory.
"""
import asyncio
import os

import hang

hang.init()


async def wait_for_all(box):
    await box[0]


async def main():
    box = []
    box.append(asyncio.gather(wait_for_all(box)))
    hang.ready(hang.deserves("DEADLOCK", ["read"], "no", [{"pid": os.getpid()}],
                             ["LOST_PEER", "IDLE", "UNKNOWN"]), [hang.parked("epoll_wait")])
    await box[0]


asyncio.run(main())
