"""queue.Queue.get() with nobody to put.

The only thread of the process waits for an item. There is no other thread that could put one, and
the futex is private: the list of wakers is empty and complete. Lost. `proved` by the kernel
alone, `read` where it rests on the queue.
"""
import os
import queue

import hang

hang.init()
hang.ready(hang.deserves("LOST_PEER", ["read", "proved"], "no", [{"pid": os.getpid()}],
                         ["DEADLOCK", "IDLE", "UNKNOWN"]), [hang.parked("futex")])
queue.Queue().get()
