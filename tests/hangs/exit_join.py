"""The main thread has run to its end and joins a thread that is no daemon and never ends.

The thread waits for a queue. At exit the main thread waits for the end of each such thread; nobody
but that one has the queue, so nobody is left to put anything.
"""
import os
import queue
import threading

import hang

hang.init()
consumer = threading.Thread(target=queue.Queue().get, name="consumer")
consumer.start()
hang.ready(hang.deserves("LOST_PEER", "read", "no",
                         [{"pid": os.getpid(), "what": ["thread consumer"]}],
                         ["DEADLOCK", "IDLE", "UNKNOWN"]),
           [hang.parked("futex"), hang.parked("futex", tid=consumer.native_id)])
