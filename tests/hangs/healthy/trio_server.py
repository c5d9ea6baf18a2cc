"""A trio server with idle workers on a memory channel and a heartbeat far away."""
import sys

import trio


async def work(jobs):
    async for job in jobs:
        await job.aclose()


async def main():
    send, receive = trio.open_memory_channel(8)
    sock = trio.socket.socket(trio.socket.AF_UNIX)
    await sock.bind(sys.argv[1])
    sock.listen()
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(work, receive)
        nursery.start_soon(trio.sleep, 3000)
        while True:
            connection, _ = await sock.accept()
            await send.send(trio.SocketStream(connection))


trio.run(main)
