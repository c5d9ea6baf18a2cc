"""A trio task waits for a socket whose peer is stopped.

The main task waits for its nursery, the nursery for one task, the task for a socket; the process
that holds the other end stopped itself. The task's descriptor is read from memory.
"""
import os
import signal
import socket

import trio

import hang

hang.init()
ours, theirs = socket.socketpair()
child = hang.fork()
if child == 0:
    ours.close()
    os.kill(os.getpid(), signal.SIGSTOP)
    os._exit(0)
theirs.close()
os.waitpid(child, os.WUNTRACED)


async def receive():
    await trio.socket.from_stdlib_socket(ours).recv(1)


async def main():
    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive)
        hang.ready(hang.deserves("STOPPED", ["read"], "unknown", [{"pid": child}],
                                 ["DEADLOCK", "LOST_PEER", "IDLE", "UNKNOWN"]),
                   [hang.parked("epoll_wait"), {"pid": child, "state": "T"}])


trio.run(main)
