"""threading.Event.wait(), and who was to set it has ended.

Another thread sleeps on for a while: it is no help, as it has no reference to the event. All that have one
are counted: the waiting thread's own frames. Lost, though the futex alone says "some other thread".
"""
import os
import threading
import time

import hang


def sleeper():
    while True:
        time.sleep(3600)


def main():
    done = threading.Event()
    worker = threading.Thread(target=id, args=(done,))
    worker.start()
    worker.join()
    del worker
    threading.Thread(target=sleeper, daemon=True).start()
    hang.ready(hang.deserves("LOST_PEER", "read", "no", [{"pid": os.getpid()}],
                             ["DEADLOCK", "TIMER", "IDLE", "UNKNOWN"]), [hang.parked("futex")])
    done.wait()


hang.init()
main()
