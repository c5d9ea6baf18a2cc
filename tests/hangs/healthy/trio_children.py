"""A trio parent with forked trio children: pidfds and sockets between them, and an armed listener.

The tree of the upstream issue, healthy: nobody was cancelled, everybody waits for work.
"""
import os
import signal
import socket
import sys

import trio


async def child_main(sock):
    await trio.socket.from_stdlib_socket(sock).recv(1)


async def follow(sock, pid):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.lowlevel.wait_readable, os.pidfd_open(pid))
        await trio.socket.from_stdlib_socket(sock).recv(1)


async def main(children):
    listener = trio.socket.socket(trio.socket.AF_UNIX)
    await listener.bind(sys.argv[1])
    listener.listen()
    async with trio.open_nursery() as nursery:
        for sock, pid in children:
            nursery.start_soon(follow, sock, pid)
        while True:
            (await listener.accept())[0].close()


children = []
for _ in range(5):
    a, b = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        signal.set_wakeup_fd(-1)
        a.close()
        trio.run(child_main, b)
        os._exit(0)
    b.close()
    children.append((a, pid))
trio.run(main, children)
