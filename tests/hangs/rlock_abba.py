"""Two threads take two threading.RLocks in opposite order, while a third one sleeps.

An RLock names its owner, so each wait has exactly one waker, read from memory. The third thread
has nothing to do with it: were it taken for a candidate, its sleep would keep all alive (TIMER).
"""
import os
import threading
import time

import hang

hang.init()
a, b, both = threading.RLock(), threading.RLock(), threading.Barrier(2)


def take_b_then_a():
    with b:
        both.wait()
        with a:
            pass


a.acquire()
worker = threading.Thread(target=take_b_then_a, daemon=True)
worker.start()
threading.Thread(target=time.sleep, args=[100], daemon=True).start()
both.wait()
hang.ready(hang.deserves("DEADLOCK", ["read"], "no", [{"pid": os.getpid()}],
                         ["LOST_PEER", "TIMER", "IDLE", "UNKNOWN"]),
           [hang.parked("futex"), hang.parked("futex", tid=worker.native_id)])
with b:
    pass
