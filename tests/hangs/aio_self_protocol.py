"""The same without streams: the server's answer is a task that its protocol's request refers to.

The connection is found by attributes, a request that has its transport, as in the servers that
speak HTTP. The task waits for an Event that the client would set after the answer.
"""
import asyncio
import os

import hang

hang.init()


class Request:
    __slots__ = ("transport",)

    def __init__(self, transport):
        self.transport = transport

    async def answer(self, may_go_on):
        await may_go_on.acquire()
        self.transport.write(b"answer\n")


class Server(asyncio.Protocol):
    def __init__(self, may_go_on, tasks):
        self.may_go_on, self.tasks = may_go_on, tasks

    def connection_made(self, transport):
        self.request = Request(transport)

    def data_received(self, data):
        self.tasks.append(asyncio.ensure_future(self.request.answer(self.may_go_on)))


class Client(asyncio.Protocol):
    def __init__(self):
        self.answered = asyncio.get_running_loop().create_future()

    def data_received(self, data):
        self.answered.set_result(data)


async def main():
    loop = asyncio.get_running_loop()
    may_go_on, tasks = asyncio.Lock(), []
    server = await loop.create_server(lambda: Server(may_go_on, tasks), "127.0.0.1", 0)
    async with may_go_on:
        transport, client = await loop.create_connection(Client,
                                                         *server.sockets[0].getsockname())
        transport.write(b"question\n")
        await asyncio.sleep(0.1)
        hang.ready(hang.deserves("DEADLOCK", "inferred", "unknown", [{"pid": os.getpid()}],
                                 ["IDLE", "LOST_PEER", "UNKNOWN"]),
                   [hang.parked("epoll_wait")])
        await client.answered


asyncio.run(main())
