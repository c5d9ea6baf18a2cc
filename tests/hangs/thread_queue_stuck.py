"""queue.Queue.get(), and the one thread that could put something waits for a child that is stopped.

A third thread sleeps under a timer. It has nothing to do with the queue, so the chain goes through the
thread that has it.
"""
import os
import queue
import signal
import threading
import time

import hang


def produce(items, child):
    os.waitpid(child, 0)
    items.put("its status")


def sleeper():
    while True:
        time.sleep(3600)


def main():
    child = hang.fork()
    if child == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    items = queue.Queue()
    threading.Thread(target=sleeper, daemon=True).start()
    threading.Thread(target=produce, args=(items, child), name="producer").start()
    hang.ready(hang.deserves("STOPPED", "read", "unknown", [{"pid": child}],
                             ["TIMER", "IDLE", "UNKNOWN", "LOST_PEER", "DEADLOCK"]),
               [hang.parked("futex"), {"pid": child, "state": "T"}])
    items.get()


hang.init()
main()
