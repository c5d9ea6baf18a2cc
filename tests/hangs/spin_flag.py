"""A loop in Python that asks a flag again and again.

Nobody sets the flag; all CPU goes into one line that makes no system call at all. One stack in
every sample, no byte moved: BUSY_LOOP. Nothing tells whether it can end.
"""
import os

import hang

hang.init()
done = False


def wait_for_done():
    while not done:
        pass


hang.ready(hang.deserves("BUSY_LOOP", ["proved", "read"], "unknown", [{"pid": os.getpid()}],
                         ["SLOW", "LIVELOCK", "UNKNOWN"]),
           [{"pid": os.getpid(), "busy": True}], moving=True)
wait_for_done()
