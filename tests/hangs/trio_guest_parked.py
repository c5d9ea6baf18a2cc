"""trio in guest mode, parked before it ever connects.

The host's loop waits on a queue for what trio schedules; trio's own waiting is done by a thread,
in epoll_wait. The main task of trio waits for a go-ahead that the host forgot to give, so nothing
is ever scheduled: host, thread and task sleep for ever, and no stack shows a trio frame. The
task's Event has no candidate (LOST_PEER, read); who starts from the host's queue finds the thread
as its one candidate, which is lost in turn (inferred), or takes the three for a closed set
(DEADLOCK).
"""
import os
import queue

import trio

import hang

hang.init()
calls = queue.Queue()


async def main():
    allowed = trio.Event()
    hang.ready(hang.deserves(["LOST_PEER", "DEADLOCK"], ["read", "inferred"], ["no", "unknown"],
                             [{"pid": os.getpid()}], ["IDLE", "TIMER", "UNKNOWN"]),
               [hang.parked("futex")])
    await allowed.wait()
    await trio.open_tcp_stream("127.0.0.1", 9)


trio.lowlevel.start_guest_run(main, run_sync_soon_threadsafe=calls.put, done_callback=calls.put)
while True:
    calls.get()()
