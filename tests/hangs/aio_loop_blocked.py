"""A task takes a threading.Lock that it holds already, and its loop stands still with it.

The other task sleeps for a second and could then go on, but its loop never turns again: it can wake
nobody. No other thread exists.
"""
import asyncio
import os
import threading

import hang

hang.init()


async def sleeper():
    await asyncio.sleep(1)


async def main():
    lock = threading.Lock()
    other = asyncio.create_task(sleeper(), name="sleeper")
    await asyncio.sleep(0)
    lock.acquire()
    hang.ready(hang.deserves("LOST_PEER", ["read", "proved"], "no", [{"pid": os.getpid()}],
                             ["DEADLOCK", "TIMER", "IDLE", "UNKNOWN"]),
               [hang.parked("futex")])
    lock.acquire()
    await other


asyncio.run(main())
