"""A thread computes in C without the GIL, for as long as anybody looks; the main thread took the GIL last and sleeps.

Nothing of Python changes although a thread runs all the time. The truth: whether there is a GIL, and where the main
thread sleeps."""

import hashlib
import json
import os
import sys
import threading
import time


begins = threading.Event()


def compute():
    begins.set()
    hashlib.pbkdf2_hmac("sha256", b"secret", b"salt", 1 << 30)


def sleep_last(lock, path):
    stack = [["sleep_last", __file__, sys._getframe().f_lineno + 5]]
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"gil": gil, "stack": stack}, f)
    os.write(1, b"READY\n")
    lock.acquire()


thread = threading.Thread(target=compute, daemon=True)
thread.start()
begins.wait()
clock = time.pthread_getcpuclockid(thread.ident)
start = time.clock_gettime(clock)
while time.clock_gettime(clock) - start < 0.05:  # by then it has let go of the GIL
    time.sleep(0.01)
held = threading.Lock()
held.acquire()
sleep_last(held, sys.argv[1])
