"""A lost wait behind trio.fail_after().

As trio_event_nobody.py, but a deadline will end it, not what it waits for: the class stays
LOST_PEER, and that it can end is the timer's doing.
"""
import os

import trio

import hang

hang.init()


async def main():
    with trio.fail_after(100):
        hang.ready(hang.deserves("LOST_PEER", ["read"], "timer", [{"pid": os.getpid()}],
                                 ["DEADLOCK", "TIMER", "IDLE", "UNKNOWN"]),
                   [hang.parked("epoll_wait")])
        await trio.Event().wait()


trio.run(main)
