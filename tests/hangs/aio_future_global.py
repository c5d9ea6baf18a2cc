"""An asyncio future that a module's variable refers to: anybody may find it there and set it.

The task that sleeps is such a one. It is not lost; as far as one can see the timer ends it.
"""
import asyncio
import os

import hang

hang.init()
answers = {}


async def answer_later():
    await asyncio.sleep(100)
    answers[1].set_result(None)


async def main():
    loop = asyncio.get_running_loop()
    answers.update({n: loop.create_future() for n in range(3)})
    later = asyncio.create_task(answer_later())
    await asyncio.sleep(0)
    hang.ready(hang.deserves("TIMER", ["inferred"], "timer", [{"pid": os.getpid()}],
                             ["DEADLOCK", "LOST_PEER", "IDLE"]), [hang.parked("epoll_wait")])
    await answers[1]
    await later


asyncio.run(main())
