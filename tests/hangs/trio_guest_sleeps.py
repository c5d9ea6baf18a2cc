"""trio as the guest of a thread's queue, while its main task sleeps: it will go on by itself.

The host waits for what trio schedules, and a thread waits for trio's events on its behalf; neither
is stuck.
"""
import os
import queue

import trio

import hang

hang.init()
calls = queue.Queue()


async def main():
    hang.ready(hang.deserves("TIMER", ["proved", "read", "inferred"], "timer",
                             [{"pid": os.getpid()}], ["LOST_PEER", "DEADLOCK", "IDLE"]),
               [hang.parked("futex")])
    await trio.sleep(1000)


trio.lowlevel.start_guest_run(main, run_sync_soon_threadsafe=calls.put, done_callback=calls.put)
while True:
    calls.get()()
