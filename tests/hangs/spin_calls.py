"""A loop in Python that goes through a handful of functions for ever.

What it looks for never comes. Each look finds it in another function, and there are no more than
these few: BUSY_LOOP, and no slow work.
"""
import os

import hang

hang.init()
seen = []


class Job:
    def done(self):
        return self.find("done")

    def find(self, word):
        return any(entry == word for entry in seen)


def note(n):
    return n + 1


def wait_for(job):
    n = 0
    while not job.done():
        n = note(n)


hang.ready(hang.deserves("BUSY_LOOP", ["read"], "unknown", [{"pid": os.getpid()}],
                         ["SLOW", "LIVELOCK", "UNKNOWN"]),
           [{"pid": os.getpid(), "busy": True}], moving=True)
wait_for(Job())
