"""trio in guest mode: the host's loop waits on a queue and no frame of trio is on any stack."""

import queue
import sys

import trio
import truth

calls = queue.Queue()


async def child():
    await trio.sleep_forever()


async def main():
    async with trio.open_nursery() as nursery:
        nursery.start_soon(child, name="guest's child")
        await trio.sleep(100000)


def host():
    while True:
        calls.get()()


truth.settled(sys.argv[1], lambda: {"names": ["<TrioToken.run_sync_soon task>", "<init>", "__main__.main", "guest's child"]})
trio.lowlevel.start_guest_run(main, run_sync_soon_threadsafe=calls.put, done_callback=calls.put)
host()
