"""Two threads take two threading.Locks in opposite order.

A Lock has no owner: every other thread of the process is a candidate, here the one other. Each
may only be released by the other of two threads that both wait: a closed set of candidates,
`inferred`; `read` where somebody looks for `with lock` on the other's stack.
"""
import os
import threading

import hang

hang.init()
a, b, both = threading.Lock(), threading.Lock(), threading.Barrier(2)


def take_b_then_a():
    with b:
        both.wait()
        with a:
            pass


a.acquire()
worker = threading.Thread(target=take_b_then_a, daemon=True)
worker.start()
both.wait()
hang.ready(hang.deserves("DEADLOCK", ["inferred", "read"], ["no", "unknown"],
                         [{"pid": os.getpid()}], ["LOST_PEER", "IDLE", "UNKNOWN"]),
           [hang.parked("futex"), hang.parked("futex", tid=worker.native_id)])
with b:
    pass
