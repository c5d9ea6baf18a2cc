"""An asyncio stream whose peer waits for us.

The main task reads a stream over a socket pair; the child holds the other end and reads it too.
The task that awaits the stream is read from memory; that every armed descriptor of the epoll set
is dead would prove it without: both are accepted.
"""
import asyncio
import os
import socket

import hang

hang.init()
ours, theirs = socket.socketpair()
child = hang.fork()
if child == 0:
    ours.close()
    theirs.recv(1)
    os._exit(0)
theirs.close()


async def main():
    reader, _ = await asyncio.open_connection(sock=ours)
    hang.ready(hang.deserves("DEADLOCK", ["read", "proved"], "no",
                             [{"pid": os.getpid()}, {"pid": child}],
                             ["LOST_PEER", "IDLE", "OUTSIDE", "UNKNOWN"]),
               [hang.parked("epoll_wait"), hang.parked("recvfrom", child, fd="socket:")])
    await reader.read(1)


asyncio.run(main())
