"""A small program with greenlets that are switched out: what the fuzzer of the readers starts from."""

import sys
import threading

import greenlet
import truth


def down(depth):
    return down(depth - 1) if depth else greenlet.getcurrent().parent.switch()


truth.settled(sys.argv[1], dict)
made = [greenlet.greenlet(down) for _ in range(3)]
for depth, one in enumerate(made):
    one.switch(depth)
made.append(greenlet.greenlet(down))
threading.Event().wait()
