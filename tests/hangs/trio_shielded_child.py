"""A shielded child under a cancelled nursery.

The nursery was cancelled and waits for its child; the child is shielded and waits for an Event
that the main task would set after the nursery. The nursery edge is read. An Event names no
setter: the main task is the one candidate (and the only one whose frame has the Event).
"""
import os

import trio

import hang

hang.init()


async def clean_up(released):
    with trio.CancelScope(shield=True):
        await released.wait()


async def main():
    released = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(clean_up, released)
        await trio.sleep(0.05)
        nursery.cancel_scope.cancel()
        hang.ready(hang.deserves("DEADLOCK", ["inferred", "read"], ["no", "unknown"],
                                 [{"pid": os.getpid()}], ["LOST_PEER", "IDLE", "UNKNOWN"]),
                   [hang.parked("epoll_wait")])
    released.set()


trio.run(main)
