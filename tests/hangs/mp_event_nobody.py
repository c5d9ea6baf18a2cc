"""A parent joins a child that waits for a multiprocessing.Event, which nobody sets.

The Event's semaphores lie in shared memory that has no name any more and that only these two map. Either
could set it, so both edges count and one is a candidate; where some process of the machine cannot be
read, even that only perhaps.
"""
import multiprocessing
import os

import hang

hang.init()
fork = multiprocessing.get_context("fork")
event = fork.Event()


def wait():
    hang.leash()
    event.wait()


child = fork.Process(target=wait, name="waiter")
child.start()
hang.ready(hang.deserves("DEADLOCK", ["inferred", "read", "proved"], ["no", "unknown"],
                         [{"pid": os.getpid()}, {"pid": child.pid}],
                         ["LOST_PEER", "IDLE", "UNKNOWN"]),
           [hang.parked("wait4"), hang.parked("futex", child.pid)])
child.join()
