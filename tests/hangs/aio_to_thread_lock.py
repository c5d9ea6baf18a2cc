"""A worker thread waits for a lock that the waiting coroutine's thread holds.

The main task took a threading.Lock and awaits to_thread() of a function that wants it. The lock
has no owner: the main thread is the one candidate, and waits for the worker.
"""
import asyncio
import os
import threading

import hang

hang.init()
lock = threading.Lock()
worker = []


def use_lock():
    worker.append(threading.get_native_id())
    with lock:
        pass


async def main():
    with lock:
        thread = asyncio.create_task(asyncio.to_thread(use_lock))
        while not worker:
            await asyncio.sleep(0.001)
        hang.ready(hang.deserves("DEADLOCK", ["inferred", "read"], ["no", "unknown"],
                                 [{"pid": os.getpid()}], ["LOST_PEER", "IDLE", "UNKNOWN"]),
                   [hang.parked("epoll_wait"), hang.parked("futex", tid=worker[0])])
        await thread


asyncio.run(main())
