"""A regular expression that backtracks for ever.

One call into C, 2**60 steps: the Python frame stands still, and the native stack is in the same few
functions of the matcher in every look. BUSY_LOOP; whether it can end nobody can see.
"""
import os
import re

import hang

hang.init()
hang.ready(hang.deserves("BUSY_LOOP", ["read"], "unknown", [{"pid": os.getpid()}],
                         ["SLOW", "LIVELOCK", "UNKNOWN"]),
           [{"pid": os.getpid(), "busy": True}], moving=True)
re.match(r"(a+)+$", "a" * 60 + "b")
