"""A job waits for a job that its own executor cannot start.

The pool has one thread. It runs a job that submitted another and waits for its result; that one
stays in the queue. The main thread waits for the first. Futures name nobody: candidates.
"""
import os
from concurrent.futures import ThreadPoolExecutor

import hang

hang.init()
pool = ThreadPoolExecutor(1)


def outer():
    return pool.submit(int).result()


future = pool.submit(outer)
worker = next(iter(pool._threads))
hang.ready(hang.deserves("DEADLOCK", ["inferred", "read", "proved"], ["no", "unknown"],
                         [{"pid": os.getpid()}], ["LOST_PEER", "IDLE", "UNKNOWN"]),
           [hang.parked("futex"), hang.parked("futex", tid=worker.native_id)])
future.result()
