"""Forked children that await their parent's word, behind a parent that awaits new work.

Parent and children wait for one another over socket pairs, as in a hang; the parent's loop watches a
listener as well. No cancel, no exit is under way: a server at rest.
"""
import asyncio
import os
import socket
import sys


async def child_main(sock):
    reader, writer = await asyncio.open_connection(sock=sock)
    await reader.read()


async def follow(sock):
    reader, writer = await asyncio.open_connection(sock=sock)
    await reader.read()


async def main(socks):
    children = [asyncio.create_task(follow(s)) for s in socks]
    server = await asyncio.start_unix_server(lambda r, w: w.close(), sys.argv[1])
    await asyncio.gather(server.serve_forever(), *children)


ours = []
for _ in range(4):
    a, b = socket.socketpair()
    if os.fork() == 0:
        a.close()
        for s in ours:
            s.close()
        asyncio.run(child_main(b))
        os._exit(0)
    b.close()
    ours.append(a)
asyncio.run(main(ours))
