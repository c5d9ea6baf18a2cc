"""Ten thousand tasks: argv[2] is whose, trio or asyncio. Each fifth is a level deeper than the others."""

import asyncio
import sys
import threading

import truth

TASKS = 10000


async def leaf(event):
    await event.wait()


async def deeper(event):
    await leaf(event)


def kinds():
    return [deeper if i % 5 == 0 else leaf for i in range(TASKS)]


async def with_asyncio():
    event = asyncio.Event()
    await asyncio.gather(*[asyncio.create_task(kind(event), name=f"{kind.__name__} {i}")
                           for i, kind in enumerate(kinds())])


async def with_trio():
    import trio

    event = trio.Event()
    async with trio.open_nursery() as nursery:
        for i, kind in enumerate(kinds()):
            nursery.start_soon(kind, event, name=f"{kind.__name__} {i}")


def settled():
    """The main thread rests in its loop once all tasks wait."""
    truth.settled(sys.argv[1], lambda: {"stack": truth.stack(sys._current_frames()[threading.main_thread().ident])})


settled()
if sys.argv[2] == "trio":
    import trio

    trio.run(with_trio)
else:
    asyncio.run(with_asyncio())
