"""Client and server in one trio loop: the handler wants the lock that the client has."""
import os

import trio
import trio.testing

import hang

hang.init()
lock = trio.Lock()


async def handle(stream):
    await stream.receive_some(100)
    async with lock:
        await stream.send_all(b"answer")


async def main():
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, handle, 0)
        async with lock:
            stream = await trio.testing.open_stream_to_socket_listener(listeners[0])
            await stream.send_all(b"question")
            await trio.sleep(0.1)
            hang.ready(hang.deserves("DEADLOCK", "inferred", "unknown", [{"pid": os.getpid()}],
                                     ["IDLE", "LOST_PEER", "UNKNOWN"]),
                       [hang.parked("epoll_wait")])
            await stream.receive_some(100)


trio.run(main)
