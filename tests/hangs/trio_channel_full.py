"""A full memory channel and a consumer that starts too late.

Two producers wait for room in the channel. The consumer waits for an Event that the main task
sets after the nursery; the main task waits for all three. Channels and events name nobody:
candidates.
"""
import os

import trio

import hang

hang.init()


async def produce(channel):
    while True:
        await channel.send("item")


async def consume(channel, start):
    await start.wait()
    async for _ in channel:
        pass


async def main():
    send, receive = trio.open_memory_channel(1)
    start = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(produce, send, name="producer 1")
        nursery.start_soon(produce, send, name="producer 2")
        nursery.start_soon(consume, receive, start)
        await trio.sleep(0.05)
        hang.ready(hang.deserves("DEADLOCK", ["inferred", "read"], ["no", "unknown"],
                                 [{"pid": os.getpid()}],
                                 ["LOST_PEER", "FULL_PIPE", "IDLE", "UNKNOWN"]),
                   [hang.parked("epoll_wait")])
    start.set()


trio.run(main)
