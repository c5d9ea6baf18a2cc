"""A trio.Event whose only setter waits for a message that nobody can send.

The setter reads from a memory channel. The other end is open, but the only one who has it is the
reader itself: who put it there has ended. Another task sleeps.
"""
import os

import trio
import trio.testing

import hang

hang.init()


class Channel:
    def __init__(self):
        self.sender, self.receiver = trio.open_memory_channel(0)

    async def read_messages(self, done):
        await self.receiver.receive()
        done.set()


async def send_nothing(channel):
    await trio.lowlevel.checkpoint()


async def main():
    async with trio.open_nursery() as nursery:
        channel, done = Channel(), trio.Event()
        nursery.start_soon(channel.read_messages, done)
        nursery.start_soon(send_nothing, channel)
        nursery.start_soon(trio.sleep, 100)
        del channel
        await trio.testing.wait_all_tasks_blocked(0.05)
        hang.ready(hang.deserves("LOST_PEER", ["read"], "no", [{"pid": os.getpid()}],
                                 ["DEADLOCK", "TIMER", "IDLE", "UNKNOWN"]),
                   [hang.parked("epoll_wait")])
        await done.wait()


trio.run(main)
