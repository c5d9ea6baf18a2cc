"""A hub of greenlets that sleeps for a minute because none of them asked for a time.

The main greenlet waits for a switch that nobody will make. To the kernel it is a sleep that ends by
itself; but after it the hub sleeps again. What the greenlets wait for is the hub's own knowledge,
so nothing is proved and no deadline is named.
"""
import os
import time

import greenlet

import hang

hang.init()
waiting = {}


def hub():
    while True:
        time.sleep(60)


class Event:
    def wait(self):
        waiting[self] = greenlet.getcurrent()
        return switch_to_hub()


the_hub = greenlet.greenlet(hub)
switch_to_hub = the_hub.switch
hang.ready(hang.deserves("UNKNOWN", "inferred", "unknown", [{"pid": os.getpid()}],
                         ["TIMER", "IDLE", "LOST_PEER", "DEADLOCK"]),
           [hang.parked("clock_nanosleep")])
Event().wait()
