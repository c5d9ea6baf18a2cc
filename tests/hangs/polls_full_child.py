"""The root asks again and again whether its child has ended, and the child waits for the root.

That is Popen.wait(timeout=…) beside a pipe that nobody reads: waitpid() with WNOHANG between short
sleeps, up to the timeout, which nothing outside the process shows. The child has filled its stdout.
"""
import os
import subprocess

import hang

hang.init()
child = subprocess.Popen(["yes"], stdout=subprocess.PIPE, preexec_fn=hang.leash)
hang.ready(hang.deserves("DEADLOCK", ["inferred"], ["timer", "unknown"],
                         [{"pid": os.getpid()}, {"pid": child.pid}], ["TIMER", "IDLE", "UNKNOWN"]),
           [hang.parked("write", child.pid, fd="pipe:")], moving=True)
child.wait(timeout=1000)
