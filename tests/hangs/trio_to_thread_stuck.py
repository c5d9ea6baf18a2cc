"""A to_thread worker is stuck in a read.

The main task awaits to_thread.run_sync() of a blocking read; the pipe's writer is the child,
which waits for a command from this process. Which worker serves the task can be read, or the
worker is the one candidate there is: `inferred` is accepted.
"""
import os
import threading

import trio

import hang

hang.init()
answer, command = os.pipe(), os.pipe()
child = hang.fork()
if child == 0:
    os.close(answer[0])
    os.close(command[1])
    os.read(command[0], 1)
    os._exit(0)
os.close(answer[1])
os.close(command[0])
worker = []


def read_answer():
    worker.append(threading.get_native_id())
    os.read(answer[0], 1)


async def main():
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.to_thread.run_sync, read_answer)
        while not worker:
            await trio.sleep(0.001)
        hang.ready(hang.deserves("DEADLOCK", ["read", "inferred"], ["no", "unknown"],
                                 [{"pid": os.getpid()}, {"pid": child}],
                                 ["LOST_PEER", "IDLE", "UNKNOWN"]),
                   [hang.parked("epoll_wait"),
                    hang.parked("read", tid=worker[0], fd="pipe:"),
                    hang.parked("read", child, fd="pipe:")])


trio.run(main)
