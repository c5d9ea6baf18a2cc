"""Another thread has set the result of a future without telling the loop.

The future is done and the task would go on at the next turn of the loop, but that one sleeps and nobody
wakes it: that takes call_soon_threadsafe(). No timer, no descriptor, no other thread is left.
"""
import asyncio
import os
import threading

import hang

hang.init()


async def main():
    future = asyncio.get_running_loop().create_future()

    def set_result():
        threading.Event().wait(0.3)
        future.set_result(1)
        hang.ready(hang.deserves(["LOST_PEER", "DEADLOCK"], ["inferred", "read"], ["no", "unknown"],
                                 [{"pid": os.getpid(), "what": ["which is done"]}], ["TIMER", "UNKNOWN"]),
                   [hang.parked("epoll_wait")])

    threading.Thread(target=set_result).start()
    await future


asyncio.run(main())
