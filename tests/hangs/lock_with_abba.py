"""Two threads are inside `with` a threading.Lock each and want the other's, while a third one sleeps.

A Lock has no owner, but who is inside `with lock` keeps on its frame the method to leave it by: each
wait has one waker, read from memory. Were the third thread taken for a candidate, its sleep would
keep all alive.
"""
import os
import threading
import time

import hang

hang.init()
a, b, both = threading.Lock(), threading.Lock(), threading.Barrier(2)
worker = None


def take(first, second, announce):
    with first:
        both.wait()
        if announce:
            hang.ready(hang.deserves("DEADLOCK", ["read"], "no", [{"pid": os.getpid()}],
                                     ["LOST_PEER", "TIMER", "IDLE", "UNKNOWN"]),
                       [hang.parked("futex"), hang.parked("futex", tid=worker.native_id)])
        with second:
            pass


worker = threading.Thread(target=take, args=[b, a, False], daemon=True)
worker.start()
threading.Thread(target=time.sleep, args=[100], daemon=True).start()
take(a, b, True)
