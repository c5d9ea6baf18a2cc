"""Both pipes of a filter are full.

The root writes a megabyte to the stdin of `tr` before it reads any of its output. `tr` has filled
its stdout and waits for the root to read, the root waits for `tr` to read: two full pipes, one
cycle, all of it the kernel's word. The child was exec'd and inherited nothing else.
"""
import os
import subprocess

import hang

hang.init()
child = subprocess.Popen(["tr", "a", "b"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         bufsize=0, preexec_fn=hang.leash)
hang.ready(hang.deserves("DEADLOCK", ["proved"], "no", [{"pid": os.getpid()}, {"pid": child.pid}],
                         ["FULL_PIPE", "LOST_PEER", "UNKNOWN"]),
           [hang.parked("write", fd="pipe:"), hang.parked("write", child.pid, fd="pipe:")])
child.stdin.write(b"x" * 1_000_000)
