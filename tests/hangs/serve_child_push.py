"""A subscriber, and a server in its child that pushes to all when anybody connects: at rest.

The handler of a connection keeps it open by waiting for a future that nobody will ever set, as is
the way with servers that push. Nothing is wrong.
"""
import asyncio
import socket

import hang

hang.init()
listener = socket.create_server(("127.0.0.1", 0))
subscribers = set()


async def handle(reader, writer):
    subscribers.add(writer)
    await reader.readline()
    for w in subscribers:
        w.write(b"somebody came\n")
    await asyncio.get_running_loop().create_future()


async def serve():
    server = await asyncio.start_server(handle, sock=listener)
    await server.serve_forever()


async def subscribe(child):
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    listener.close()
    writer.write(b"here I am\n")
    await reader.readline()
    hang.ready(hang.deserves("IDLE", ["proved", "read", "inferred"], "yes", [{"pid": child}],
                             ["DEADLOCK", "LOST_PEER", "TIMER", "UNKNOWN"]),
               [hang.parked("epoll_wait"), hang.parked("epoll_wait", child)])
    while await reader.readline():
        pass


child = hang.fork()
if child == 0:
    asyncio.run(serve())
asyncio.run(subscribe(child))
