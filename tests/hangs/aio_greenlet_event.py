"""A function in a greenlet awaits by way of its task, as drivers of databases do under an ORM.

The greenlet goes on when the task that has it switches to it, and nobody else can; the task waits
for an Event of which nobody but these two knows.
"""
import asyncio
import os

import greenlet

import hang

hang.init()


async def spawn(function):
    context = greenlet.greenlet(function)
    result = context.switch()
    while not context.dead:
        result = context.switch(await result)
    return result


def await_only(awaitable):
    return greenlet.getcurrent().parent.switch(awaitable)


async def main():
    event = asyncio.Event()

    def query():
        return await_only(event.wait())

    hang.ready(hang.deserves("DEADLOCK", ["read", "inferred"], "no", [{"pid": os.getpid()}],
                             ["IDLE", "UNKNOWN"]),
               [hang.parked("epoll_wait")])
    await spawn(query)


asyncio.run(main())
