"""trio as a guest of asyncio's loop: one thread runs both.

trio's tasks wait by asyncio's callbacks, asyncio's by its own, and no frame of trio is on the stack."""

import asyncio
import sys

import trio
import truth


async def child():
    await trio.sleep_forever()


async def trio_main():
    async with trio.open_nursery() as nursery:
        nursery.start_soon(child, name="guest's child")
        await trio.sleep(100000)


async def waits(event):
    await event.wait()


async def asyncio_main():
    asyncio.current_task().set_name("host")
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    trio.lowlevel.start_guest_run(trio_main, run_sync_soon_threadsafe=loop.call_soon_threadsafe,
                                  done_callback=lambda outcome: done.set())
    await loop.create_task(waits(done), name="host's child")


truth.settled(sys.argv[1], lambda: {"trio": ["<TrioToken.run_sync_soon task>", "<init>", "__main__.trio_main", "guest's child"],
                                    "asyncio": ["host", "host's child"]})
asyncio.run(asyncio_main())
