"""A program under a pseudo-terminal waits for input, and whoever would type waits for its output.

Nobody sits at that terminal: its master is the parent's, who reads. A terminal has a name by which somebody might
still open it, so it is inferred.
"""
import os
import pty

import hang

hang.init()
pid, master = pty.fork()
if pid == 0:
    hang.leash()
    os.read(0, 1)
    os._exit(0)
hang.ready(hang.deserves("DEADLOCK", ["inferred"], ["no", "unknown"], [{"pid": os.getpid()}, {"pid": pid}],
                         ["IDLE", "LOST_PEER", "OUTSIDE"]),
           [hang.parked("read"), hang.parked("read", pid)])
os.read(master, 1)
