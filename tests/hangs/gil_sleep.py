"""A thread sleeps in C and keeps the GIL.

The worker calls sleep(100) through ctypes.PyDLL, which does not release the GIL. The main thread
waits for the GIL, so the whole program stands still, and goes on when the sleep ends: TIMER. The
main thread's own 5 ms timeouts are not the deadline that counts.
"""
import ctypes
import os
import threading

import hang

hang.init()
go = threading.Event()


def sleep_in_c():
    go.wait()
    ctypes.PyDLL(None).sleep(100)


worker = threading.Thread(target=sleep_in_c, daemon=True)
worker.start()
hang.ready(hang.deserves("TIMER", ["read", "inferred"], "timer", [{"tid": worker.native_id}],
                         ["LIVELOCK", "BUSY_LOOP", "DEADLOCK", "LOST_PEER"]),
           [hang.parked("futex"), hang.parked("clock_nanosleep", tid=worker.native_id)],
           moving=True)
go.set()
while True:
    pass
