"""A small asyncio program with a little of everything: what the fuzzer of the readers starts from."""

import asyncio
import sys
import threading

import truth


async def deep(depth, event):
    if depth:
        await deep(depth - 1, event)
    else:
        await event.wait()


async def main():
    event, queue, lock = asyncio.Event(), asyncio.Queue(), asyncio.Lock()
    loop = asyncio.get_running_loop()
    await lock.acquire()
    tasks = [asyncio.ensure_future(job) for job in
             (deep(2, event), queue.get(), lock.acquire(), asyncio.sleep(1e6), asyncio.wait_for(event.wait(), 1e6),
              asyncio.gather(deep(0, event), asyncio.sleep(1e6)))]
    tasks.append(loop.run_in_executor(None, threading.Event().wait))
    await asyncio.wait(tasks)


if __name__ == "__main__":
    truth.settled(sys.argv[1], dict)
    asyncio.run(main())
