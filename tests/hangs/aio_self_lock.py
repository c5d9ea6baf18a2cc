"""Client and server in one asyncio loop: the handler wants the lock that the client has.

The process holds both ends of the connection and listens, so that as far as descriptors tell it
merely awaits new connections. But the handler alone has this one in its variables, and waits for
the client. That somebody else was given it cannot be excluded: inferred.
"""
import asyncio
import os

import hang

hang.init()


async def main():
    lock = asyncio.Lock()

    async def handle(reader, writer):
        await reader.readline()
        async with lock:
            writer.write(b"answer\n")

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with lock:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"question\n")
        await asyncio.sleep(0.1)
        hang.ready(hang.deserves("DEADLOCK", "inferred", "unknown", [{"pid": os.getpid()}],
                                 ["IDLE", "LOST_PEER", "UNKNOWN"]),
                   [hang.parked("epoll_wait")])
        await reader.readline()


asyncio.run(main())
