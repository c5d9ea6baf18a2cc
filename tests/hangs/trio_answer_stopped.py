"""A parent awaits an answer of its child by way of an Event, and the child is stopped.

A reader task for the child's socket would set the Event, but it is a global's, so
the task that accepts connections could as well. A server at rest looks like that; the stopped child
speaks against it. Perhaps: inferred.
"""
import os
import signal
import socket

import trio
import trio.testing

import hang

hang.init()
ours, theirs = socket.socketpair()
child = hang.fork()
if child == 0:
    ours.close()
    os.kill(os.getpid(), signal.SIGSTOP)
    os._exit(0)
theirs.close()


answers = {}  # of the module: every task can get at what is in it


async def reader(stream):
    async for _ in stream:
        answers[child].set()


async def main():
    answers[child] = trio.Event()
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(reader, trio.SocketStream(trio.socket.from_stdlib_socket(ours)))
        nursery.start_soon(trio.serve_listeners, reader, listeners)
        await trio.testing.wait_all_tasks_blocked()
        hang.ready(hang.deserves("STOPPED", ["inferred"], "unknown", [{"pid": child}],
                                 ["DEADLOCK", "LOST_PEER", "IDLE", "UNKNOWN"]),
                   [hang.parked("epoll_wait"), {"pid": child, "state": "T"}])
        await answers[child].wait()


trio.run(main)
