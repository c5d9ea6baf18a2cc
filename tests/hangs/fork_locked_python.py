"""os.fork() while another thread holds a threading.Lock.

The child has one thread and a copy of the lock that nobody will release: the holder exists in the
parent only, where it sleeps. Lost; the parent waits for the child. A naive look follows the lock
to the parent's sleeping thread and says TIMER.
"""
import os
import threading
import time

import hang

hang.init()
lock, held = threading.Lock(), threading.Event()


def hold():
    with lock:
        held.set()
        time.sleep(100)


threading.Thread(target=hold, daemon=True).start()
held.wait()
child = hang.fork()
if child == 0:
    lock.acquire()
hang.ready(hang.deserves("LOST_PEER", ["read", "proved"], "no", [{"pid": child}],
                         ["DEADLOCK", "TIMER", "UNKNOWN"]),
           [hang.parked("wait4"), hang.parked("futex", child)])
os.waitpid(child, 0)
