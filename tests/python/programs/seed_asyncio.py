"""A small asyncio program with a little of everything: what the fuzzer of the readers starts from."""

import asyncio
import socket
import sys
import threading

import truth

KEPT = []


async def deep(depth, event):
    if depth:
        await deep(depth - 1, event)
    else:
        await event.wait()


class Collector(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.waiter = transport, asyncio.get_running_loop().create_future()


async def reads(sock):
    reader, writer = await asyncio.open_connection(sock=sock)
    KEPT.append(writer)
    await reader.readline()


async def own(sock):
    transport, protocol = await asyncio.get_running_loop().create_connection(Collector, sock=sock)
    await protocol.waiter


async def group(event):
    async with asyncio.TaskGroup() as children:
        children.create_task(deep(0, event))
        await asyncio.wait_for(event.wait(), 1e6)


async def main():
    event, queue, lock = asyncio.Event(), asyncio.Queue(), asyncio.Lock()
    loop = asyncio.get_running_loop()
    queue.put_nowait(1)
    await lock.acquire()
    pairs = [socket.socketpair() for _ in range(3)]
    for left, _ in pairs:
        left.setblocking(False)
    KEPT.append(pairs)
    tasks = [asyncio.ensure_future(job) for job in
             (deep(2, event), queue.join(), lock.acquire(), asyncio.sleep(1e6), asyncio.wait_for(event.wait(), 1e6),
              asyncio.gather(asyncio.shield(asyncio.gather(deep(0, event))), asyncio.sleep(1e6)),
              reads(pairs[0][0]), own(pairs[1][0]), loop.sock_recv(pairs[2][0], 1))]
    tasks.append(loop.run_in_executor(None, threading.Event().wait))
    tasks.append(asyncio.tasks._PyTask(deep(1, event), loop=loop))
    if sys.version_info >= (3, 11):
        tasks.append(loop.create_task(group(event)))
    await asyncio.wait(tasks)


if __name__ == "__main__":
    truth.settled(sys.argv[1], dict)
    asyncio.run(main())
