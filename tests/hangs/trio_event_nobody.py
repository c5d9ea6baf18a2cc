"""A trio.Event that nobody sets.

The only task (besides trio's own) waits for it. trio sleeps 86,400 s when nothing is scheduled,
which counts as no deadline. Nobody is left who could set it: lost.
"""
import os

import trio

import hang

hang.init()


async def main():
    hang.ready(hang.deserves("LOST_PEER", ["read"], "no", [{"pid": os.getpid()}],
                             ["DEADLOCK", "TIMER", "IDLE", "UNKNOWN"]),
               [hang.parked("epoll_wait")])
    await trio.Event().wait()


trio.run(main)
