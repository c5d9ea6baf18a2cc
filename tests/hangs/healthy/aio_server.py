"""An asyncio server whose main task waits for an Event that means "stop", with a queue of jobs."""
import asyncio
import sys


async def work(jobs):
    while True:
        (await jobs.get()).close()


async def main():
    jobs, stop = asyncio.Queue(), asyncio.Event()
    workers = [asyncio.create_task(work(jobs)) for _ in range(3)]
    async with await asyncio.start_unix_server(lambda r, w: jobs.put_nowait(w), sys.argv[1]):
        await stop.wait()
    await asyncio.gather(*workers)


asyncio.run(main())
