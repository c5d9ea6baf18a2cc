"""A trio program with nothing but a far timer, nearer than the hour that counts as no deadline."""
import os

import trio

import hang

hang.init()


async def main():
    hang.ready(hang.deserves("TIMER", ["proved", "read"], "timer", [{"pid": os.getpid()}],
                             ["DEADLOCK", "LOST_PEER", "IDLE", "UNKNOWN"]),
               [hang.parked("epoll_wait")])
    await trio.sleep(3000)


trio.run(main)
