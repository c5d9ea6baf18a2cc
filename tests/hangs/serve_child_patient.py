"""An asyncio client with patience, and a server in its child whose handler will never answer.

The client's timeout ends it one day; what it waits for is nevertheless a handler that waits for a
queue of its own. The deadline changes only that it can end.
"""
import asyncio
import socket

import hang

hang.init()
listener = socket.create_server(("127.0.0.1", 0))


async def handle(reader, writer):
    await reader.readline()
    jobs = asyncio.Queue()
    writer.write(await jobs.get())


async def serve():
    server = await asyncio.start_server(handle, sock=listener)
    await server.serve_forever()


async def ask(child):
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    listener.close()
    writer.write(b"question\n")
    await asyncio.sleep(0.1)
    hang.ready(hang.deserves("LOST_PEER", "inferred", "timer", [{"pid": child}],
                             ["IDLE", "DEADLOCK", "UNKNOWN", "TIMER"]),
               [hang.parked("epoll_wait"), hang.parked("epoll_wait", child)])
    await asyncio.wait_for(reader.readline(), 1000)


child = hang.fork()
if child == 0:
    asyncio.run(serve())
asyncio.run(ask(child))
