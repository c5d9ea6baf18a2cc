"""A trio.Event whose only setter waits for a process that is stopped.

The main task waits for the Event, which one task has; that task reads from the child, and the child
has stopped itself. Another task sleeps and has nothing to do with it: were it taken for somebody who
could set the Event, its timer would be the answer.
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


async def read_messages(done):
    if await trio.socket.from_stdlib_socket(ours).recv(1):
        done.set()


async def main():
    async with trio.open_nursery() as nursery:
        done = trio.Event()
        nursery.start_soon(read_messages, done)
        nursery.start_soon(trio.sleep, 100)
        hang.ready(hang.deserves("STOPPED", ["read"], "unknown", [{"pid": child}],
                                 ["DEADLOCK", "LOST_PEER", "TIMER", "IDLE", "UNKNOWN"]),
                   [hang.parked("epoll_wait"), {"pid": child, "state": "T"}])
        await done.wait()


trio.run(main)
