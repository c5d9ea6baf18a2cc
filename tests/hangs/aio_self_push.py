"""A server that is subscribed to itself, at rest.

Its own subscriber waits for what the server pushes when somebody connects; the handler waits for
what the subscriber may say. Both ends are read in one process, as in a hang, and nothing is wrong:
whoever connects makes both go on.
"""
import asyncio
import os

import hang

hang.init()
subscribers = set()


async def serve(reader, writer):
    if await reader.readline() == b"subscribe\n":
        subscribers.add(writer)
        await reader.readline()
    for w in subscribers:
        w.write(b"somebody came\n")


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"subscribe\n")
    await asyncio.sleep(0.1)
    hang.ready(hang.deserves("IDLE", ["proved", "read", "inferred"], "yes", [{"pid": os.getpid()}],
                             ["DEADLOCK", "LOST_PEER", "TIMER", "UNKNOWN"]),
               [hang.parked("epoll_wait")])
    while await reader.readline():
        pass


asyncio.run(main())
