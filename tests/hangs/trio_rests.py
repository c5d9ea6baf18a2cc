"""A trio program that sleeps until it is told to end, with tasks that might wake one another.

The main task sleeps for ever beside tasks that wait for events, messages and nothing. Nobody outside
them can wake anybody, so that each looks like a candidate in a circle; but nobody wants to end, and
sleep_forever() says that this is meant. Idle as far as one can see.
"""
import os

import trio
import trio.testing

import hang

hang.init()


async def waits_for_event():
    await trio.Event().wait()


async def waits_for_message():
    sender, receiver = trio.open_memory_channel(0)
    async with sender, receiver:
        await receiver.receive()


async def main():
    async with trio.open_nursery() as nursery:
        for _ in range(7):
            nursery.start_soon(waits_for_event)
            nursery.start_soon(waits_for_message)
            nursery.start_soon(trio.sleep_forever)
        await trio.testing.wait_all_tasks_blocked()
        hang.ready(hang.deserves("IDLE", "inferred", ["unknown", "yes"], [{"pid": os.getpid()}],
                                 ["DEADLOCK", "LOST_PEER", "TIMER"]), [hang.parked("epoll_wait")])
        await trio.sleep_forever()


trio.run(main)
