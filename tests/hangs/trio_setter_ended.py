"""A trio.Event whose only setter has ended without a word.

The main task keeps one Event for each worker; the second worker returned and never set its own. The
first one, which sleeps, has another Event: all references to the awaited one are the main task's own,
so nobody is left, and that somebody else will wake changes nothing.
"""
import os

import trio
import trio.testing

import hang

hang.init()


async def work(seconds, done):
    await trio.sleep(seconds)
    if seconds:
        done.set()


async def main():
    done = {n: trio.Event() for n in (0, 100)}
    async with trio.open_nursery() as nursery:
        for seconds, event in done.items():
            nursery.start_soon(work, seconds, event)
        del event
        await trio.testing.wait_all_tasks_blocked(0.05)
        hang.ready(hang.deserves("LOST_PEER", ["read"], "no", [{"pid": os.getpid()}],
                                 ["DEADLOCK", "TIMER", "IDLE", "UNKNOWN"]),
                   [hang.parked("epoll_wait")])
        await done[0].wait()


trio.run(main)
