"""An asyncio server at rest.

The main task waits for serve_forever(), which nobody ends; the loop watches the listener. Nothing
is wrong. How sure one can be depends on how the listener is joined to the loop: any certainty.
"""
import asyncio
import os

import hang

hang.init()


async def serve(reader, writer):
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    hang.ready(hang.deserves("IDLE", ["proved", "read", "inferred"], "yes", [{"pid": os.getpid()}],
                             ["DEADLOCK", "LOST_PEER", "TIMER", "UNKNOWN"]),
               [hang.parked("epoll_wait")])
    await server.serve_forever()


asyncio.run(main())
