"""anyio on asyncio, client and server in one loop: the handler wants the lock that the client has.

anyio's lock knows its owner. The task that accepts connections has this one in a variable as well,
for as long as it waits for the next; it has handed it on.
"""
import os
import sys

try:
    import anyio
    import anyio.abc
except ImportError:
    print('{"skip": "no anyio (scripts/setup)"}', flush=True)
    sys.exit(77)

import hang

hang.init()


async def main():
    lock = anyio.Lock()

    async def handle(stream):
        async with stream:
            await stream.receive()
            async with lock:
                await stream.send(b"answer")

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    async with anyio.create_task_group() as group:
        group.start_soon(listener.serve, handle)
        async with lock, await anyio.connect_tcp("127.0.0.1", port) as client:
            await client.send(b"question")
            await anyio.sleep(0.1)
            hang.ready(hang.deserves("DEADLOCK", "inferred", "unknown", [{"pid": os.getpid()}],
                                     ["IDLE", "LOST_PEER", "UNKNOWN"]),
                       [hang.parked("epoll_wait")])
            await client.receive()


anyio.run(main)
