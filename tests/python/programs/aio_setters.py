"""asyncio tasks that wait for things which nobody, somebody or anybody else can get at; the truth as in trio_setters.py."""

import asyncio
import sys

import truth

TRUTH = {}
KEPT = []
GLOBAL = []


async def keep(*things):
    await asyncio.sleep(100000)


async def wait(thing):
    await thing.wait()


async def get(queue):
    await queue.get()


async def acquire(semaphore):
    await semaphore.acquire()


async def nobody():
    future = asyncio.get_running_loop().create_future()
    await future


async def nameless():
    await asyncio.get_running_loop().create_future()


async def in_dict():
    events = {"it": asyncio.Event()}
    await events["it"].wait()


async def of_module():
    future = asyncio.get_running_loop().create_future()
    GLOBAL.append(future)
    await future


async def of_timer():
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(100000, future.set_result, None)
    await future


async def of_reader(sock):
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().add_reader(sock, future.set_result, None)
    await future


async def of_task():
    future = asyncio.get_running_loop().create_future()
    start(0, "has the future", keep, future)
    await future


def releaser(semaphore):
    return lambda: semaphore.release()


def start(true, name, function, *args):
    if true != 0:
        TRUTH[name] = true
    task = asyncio.get_running_loop().create_task(function(*args))
    task.set_name(name)
    KEPT.append(task)


async def inside(lock):
    async with lock:
        try:
            await asyncio.sleep(100000)
        finally:
            pass


async def taken(lock):
    await lock.acquire()
    await asyncio.sleep(100000)


async def wants(lock):
    async with lock:
        pass


async def main():
    import socket

    lock, other = asyncio.Lock(), asyncio.Lock()
    start(0, "has the lock", inside, lock)
    start(0, "took the other", taken, other)
    await asyncio.sleep(0)
    start(0, "wants the lock", wants, lock)
    start(0, "also wants it", wants, lock)
    start(0, "wants the other", wants, other)

    a, b = socket.socketpair()
    start([], "nobody", nobody)
    start(None, "nameless", nameless)
    start([], "in dict", in_dict)
    start(None, "of module", of_module)
    start(["thread"], "of timer", of_timer)
    start(["thread"], "of reader", of_reader, a)
    start(["has the future"], "of task", of_task)

    event = asyncio.Event()
    start(["sets"], "event", wait, event)
    start(0, "sets", keep, event)
    queue = asyncio.Queue()
    start(["puts"], "queue", get, queue)
    start(0, "puts", keep, {"q": [queue]})
    semaphore = asyncio.Semaphore(0)
    start(["releases"], "semaphore", acquire, semaphore)
    start(0, "releases", keep, releaser(semaphore))
    del event, queue, semaphore
    await asyncio.sleep(100000)
    return a, b


truth.settled(sys.argv[1], lambda: TRUTH)
asyncio.run(main())
