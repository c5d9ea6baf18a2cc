"""A trio server whose main task waits for an Event that nobody has: its way to wait for ever.

Nothing is wrong: the listener's task waits for a connection.
"""
import os
from functools import partial

import trio

import hang

hang.init()


async def serve(stream):
    await stream.aclose()


async def main():
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
        hang.ready(hang.deserves("IDLE", ["proved", "read", "inferred"], "yes", [{"pid": os.getpid()}],
                                 ["DEADLOCK", "LOST_PEER", "TIMER", "UNKNOWN"]),
                   [hang.parked("epoll_wait")])
        await stop.wait()


trio.run(main)
