"""A sleep_forever() under a deadline: that is a sleep, and nobody was ever meant to wake it."""
import os

import trio

import hang

hang.init()


async def main():
    with trio.move_on_after(100):
        hang.ready(hang.deserves("TIMER", ["read"], "timer", [{"pid": os.getpid()}],
                                 ["LOST_PEER", "DEADLOCK", "IDLE", "UNKNOWN"]),
                   [hang.parked("epoll_wait")])
        await trio.sleep_forever()


trio.run(main)
