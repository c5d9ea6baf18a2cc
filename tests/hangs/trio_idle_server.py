"""A trio server at rest: the listener's task waits for a connection. Nothing is wrong."""
import os
from functools import partial

import trio

import hang

hang.init()


async def serve(stream):
    await stream.aclose()


async def main():
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
        hang.ready(hang.deserves("IDLE", ["proved", "read"], "yes", [{"pid": os.getpid()}],
                                 ["DEADLOCK", "LOST_PEER", "TIMER", "UNKNOWN"]),
                   [hang.parked("epoll_wait")])


trio.run(main)
