"""A process is joined before its multiprocessing.Queue was read.

The child put more into the queue than its pipe holds. At exit it joins its feeder thread, which
is blocked in write(); the pipe's readers are the root, which waits for the child's exit, and the
child itself, by inheritance. The child's main thread waits for the feeder over a lock without an
owner: that edge is a candidate (the only other thread).
"""
import multiprocessing
import os

import hang

hang.init()
queue = multiprocessing.get_context("fork").Queue()


def produce():
    hang.leash()
    queue.put(b"x" * 1_000_000)


child = multiprocessing.get_context("fork").Process(target=produce)
child.start()


def threads():
    return sorted(map(int, os.listdir(f"/proc/{child.pid}/task")))


hang.wait_until(lambda: len(threads()) == 2)
feeder = threads()[1]
hang.ready(hang.deserves("DEADLOCK", ["inferred", "read"], ["no", "unknown"],
                         [{"pid": os.getpid()}, {"pid": child.pid}],
                         ["FULL_PIPE", "LOST_PEER", "UNKNOWN"]),
           [hang.parked("wait4"), hang.parked("futex", child.pid),
            hang.parked("write", child.pid, feeder, fd="pipe:")])
child.join()
