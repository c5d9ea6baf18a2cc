"""Two threads, two queues, and a job that was lost between them.

The main thread waits for a result, the worker for a job. Nobody else exists who could put either.
A queue names no putter, so both edges are candidates: `inferred`, or stronger where the complete
list of threads counts.
"""
import os
import queue
import threading

import hang

hang.init()
jobs, results = queue.Queue(), queue.Queue()


def work():
    while True:
        results.put(jobs.get())


worker = threading.Thread(target=work, daemon=True)
worker.start()
hang.ready(hang.deserves("DEADLOCK", ["inferred", "read", "proved"], ["no", "unknown"],
                         [{"pid": os.getpid(), "what": ["Queue.get"]}], ["LOST_PEER", "UNKNOWN"]),
           [hang.parked("futex"), hang.parked("futex", tid=worker.native_id)])
results.get()
