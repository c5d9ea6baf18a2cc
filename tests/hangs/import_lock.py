"""A module that waits, while it is imported, for a thread that imports it.

The main thread holds the module's import lock and joins the thread; the thread wants that lock. The
join names the thread and the lock its owner: no candidate is needed.
"""
import os
import pathlib
import sys
import tempfile
import threading

import hang

MODULE = """
import threading
import __main__
thread = threading.Thread(target=__import__, args=("half_done",), name="importer")
thread.start()
__main__.announce(thread)
thread.join()
"""


def announce(thread):
    hang.ready(hang.deserves("DEADLOCK", ["read", "proved"], "no",
                             [{"pid": os.getpid(), "what": ["import lock of module half_done"]}],
                             ["LOST_PEER", "IDLE", "UNKNOWN"]),
               [hang.parked("futex"), hang.parked("futex", tid=thread.native_id)])


hang.init()
directory = tempfile.mkdtemp()
pathlib.Path(directory, "half_done.py").write_text(MODULE)
sys.path.insert(0, directory)
import half_done
