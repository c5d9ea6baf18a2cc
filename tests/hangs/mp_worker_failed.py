"""A parent waits for the results of two workers; one of them has failed, the other has nothing to do.

The results' pipe is held by the parent itself and by the living worker, which waits for the next job
from the parent. The failed one is not reaped yet: its status is what a person wants to be told.
"""
import multiprocessing
import os

import hang

hang.init()
fork = multiprocessing.get_context("fork")
jobs, results = [fork.Pipe(False) for _ in range(2)], fork.Pipe(False)


def worker(i):
    hang.leash()
    job = jobs[i][0].recv()
    if job == "fail":
        os._exit(9)
    results[1].send(job)
    jobs[i][0].recv()


workers = [fork.Process(target=worker, args=(i,), name=f"worker-{i}") for i in range(2)]
for process in workers:
    process.start()
jobs[0][1].send("fail")
jobs[1][1].send("work")
results[0].recv()
os.waitid(os.P_PID, workers[0].pid, os.WEXITED | os.WNOWAIT)
hang.ready(hang.deserves("DEADLOCK", ["proved"], "no",
                         [{"pid": p, "what": ["worker-1"]} for p in (os.getpid(), workers[1].pid)],
                         ["LOST_PEER", "IDLE", "UNKNOWN"]),
           [hang.parked("read", fd="pipe:"), hang.parked("read", workers[1].pid, fd="pipe:"),
            {"pid": workers[0].pid, "state": "Z"}], odd=workers[0].pid)
results[0].recv()
