"""Three trio loops in three threads, one of them with a task that was made and has not run."""

import os
import sys
import threading

import trio
import trio.testing
import truth

seen = {}


async def child():
    await trio.sleep_forever()


async def main(name):
    seen[name] = threading.get_native_id() if hasattr(threading, "get_native_id") else os.getpid()
    async with trio.open_nursery() as nursery:
        for i in range(3):
            nursery.start_soon(child, name=f"{name} {i}")
        if name == "two":
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(child, name="not begun")
            threading.Event().wait()
        await trio.sleep_forever()


truth.settled(sys.argv[1], lambda: seen)
for other in ("two", "three"):
    threading.Thread(target=trio.run, args=(main, other), name=other, daemon=True).start()
trio.run(main, "one")
