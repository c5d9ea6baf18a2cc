"""A greenlet program that never rests: greenlets are made, switched to at every depth, and end all the time.

A greenlet that is switched out stands in leaf(), below down() and run(); its stack has no other function in it."""

import random

import greenlet

main = greenlet.getcurrent()


def leaf():
    main.switch()


def down(depth):
    return down(depth - 1) if depth else leaf()


def run(depth):
    while random.random() < 0.9:
        down(depth)


def start():
    depth = random.randrange(12)
    made = greenlet.greenlet(run)
    made.switch(depth)
    return made


alive = [start() for _ in range(30)]
print("READY", flush=True)
while True:
    at = random.randrange(len(alive))
    if alive[at].dead:
        alive[at] = start()
    else:
        alive[at].switch()
