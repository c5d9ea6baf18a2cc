"""A small trio program with a little of everything: what the fuzzer of the readers starts from."""

import faulthandler
import signal
import sys
import threading

import trio
import trio.testing
import truth


async def numbers(event):
    yield 1
    await event.wait()


async def through(event):
    async for _ in numbers(event):
        pass


async def owner(lock):
    async with lock:
        await trio.sleep(1e6)


async def main():
    event, lock = trio.Event(), trio.Lock()
    sender, receiver = trio.open_memory_channel(0)
    words = {"text": "caf\u00e9 \u2603", "numbers": [1, -2, 3.5, 1 << 70], "pair": (None, True), "set": {b"x"}}
    async with trio.open_nursery() as nursery:
        nursery.start_soon(through, event)
        nursery.start_soon(owner, lock)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(owner, lock, name="second \u2603")
        nursery.start_soon(receiver.receive)
        nursery.start_soon(trio.to_thread.run_sync, threading.Event().wait)
        with trio.move_on_after(1e6):
            await trio.sleep_forever()
    return words, sender


if __name__ == "__main__":
    # Before 3.12 the tables of handlers have to be searched for in all of the interpreter's data.
    if sys.version_info >= (3, 12):
        faulthandler.register(signal.SIGUSR1, file=sys.__stderr__)
        signal.signal(signal.SIGUSR2, lambda number, frame: None)
    truth.settled(sys.argv[1], dict)
    trio.run(main)
