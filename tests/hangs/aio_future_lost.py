"""An asyncio future that nobody refers to but who waits for it.

It was put into a table of answers, from which whoever would have set it has gone. Another task
sleeps: it has no reference to that future, so it is not what the main task waits for.
"""
import asyncio
import os

import hang

hang.init()


async def main():
    loop = asyncio.get_running_loop()
    answers = {n: loop.create_future() for n in range(3)}
    sleeper = asyncio.create_task(asyncio.sleep(100))
    await asyncio.sleep(0)
    hang.ready(hang.deserves("LOST_PEER", ["read"], "no", [{"pid": os.getpid()}],
                             ["DEADLOCK", "TIMER", "IDLE", "UNKNOWN"]), [hang.parked("epoll_wait")])
    await answers[1]
    await sleeper


asyncio.run(main())
