"""Four threads that spin, and share one GIL.

Whenever one is looked at it most probably waits for the GIL, and soon has it. The main thread waits
for no one: it spins as the others do. BUSY_LOOP, and not a wait for the GIL of which nobody knows
how it ends.
"""
import os
import threading

import hang

hang.init()
done = False


def spin():
    while not done:
        pass


for _ in range(3):
    threading.Thread(target=spin, daemon=True).start()
hang.ready(hang.deserves("BUSY_LOOP", ["read"], "unknown", [{"pid": os.getpid()}],
                         ["SLOW", "LIVELOCK", "UNKNOWN", "DEADLOCK"]),
           [{"pid": os.getpid(), "moving": True}], moving=True)
spin()
