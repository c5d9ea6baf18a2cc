"""The same sleep after it was told to end: a shielded sleep_forever() under a cancelled nursery.

The nursery waits for its child, which was cancelled and is shielded from that. Nobody but the main
task could end the child's scope, and that one waits for it.
"""
import os

import trio

import hang

hang.init()


async def deaf():
    with trio.CancelScope(shield=True):
        await trio.sleep_forever()


async def main():
    async with trio.open_nursery() as nursery:
        nursery.start_soon(deaf)
        await trio.sleep(0.05)
        nursery.cancel_scope.cancel()
        hang.ready(hang.deserves(["DEADLOCK", "LOST_PEER"], ["inferred", "read"], ["no", "unknown"],
                                 [{"pid": os.getpid()}], ["IDLE", "TIMER", "UNKNOWN"]),
                   [hang.parked("epoll_wait")])


trio.run(main)
