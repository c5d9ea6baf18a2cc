"""Slow but alive: a long computation in pure Python.

The native stack is the same in every sample (the interpreter's loop calls itself without C frames
from 3.11 on); only the Python frames differ. It uses all the CPU it gets: SLOW, not a loop.
"""
import os
import random

import hang

hang.init()
steps = []


def descend(depth):
    work = sum(range(50))
    return work + random.choice(steps)(depth - 1) if depth else work


for n in range(16):
    exec(f"def step_{n}(depth):\n    return descend(depth)\nsteps.append(step_{n})")

hang.ready(hang.deserves("SLOW", ["proved", "read"], ["yes", "unknown"], [{"pid": os.getpid()}],
                         ["BUSY_LOOP", "LIVELOCK", "UNKNOWN"]),
           [{"pid": os.getpid(), "busy": True}], moving=True)
while True:
    descend(random.randrange(200))
