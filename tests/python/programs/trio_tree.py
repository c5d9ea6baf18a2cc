"""A trio program in which tasks wait in every way there is, and its own account of them.

trio_tree.py PATH [N]: N more tasks that all wait for one event."""

import contextlib
import math
import os
import socket
import subprocess
import sys
import threading
import types

import trio
import trio.testing
import truth

ROOT = None


@types.coroutine
def trap(event):
    yield from event.wait().__await__()


class Awaitable:
    """Neither a coroutine nor a generator, as libraries have them."""

    def __init__(self, event):
        self.event = event

    def __await__(self):
        return (yield from trap(self.event))


async def through_awaitable(event):
    await Awaitable(event)


async def numbers(event):
    yield 1
    try:
        await event.wait()
    finally:
        pass
    yield 2


async def through_generator(event):
    async for _ in numbers(event):
        pass


async def through_asend(event):
    generator = numbers(event)
    await generator.__anext__()
    await generator.asend(None)


async def down(depth, event):
    if depth:
        await down(depth - 1, event)
    else:
        await event.wait()


@contextlib.asynccontextmanager
async def connection(name):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep, 5000, name=name + " keepalive")
        yield nursery


async def nested(event):
    async with trio.open_nursery() as outer:
        outer.start_soon(trio.sleep_forever, name="in the outer one")
        async with trio.open_nursery() as inner:
            inner.start_soon(down, 5, event, name="schn\u00e9e \u2603 \U0001d54f")
            with trio.fail_after(777):
                async with connection("c1") as more:
                    more.start_soon(through_generator, event)
                    await trio.sleep_forever()


async def shielded():
    with trio.CancelScope(shield=True):
        with trio.move_on_after(9999):
            await trio.sleep_forever()


async def refuses_cancel():
    async with trio.open_nursery() as nursery:
        nursery.start_soon(shielded)
        nursery.cancel_scope.cancel()


async def never_started(task_status=trio.TASK_STATUS_IGNORED):
    await trio.sleep_forever()


async def starter():
    async with trio.open_nursery() as nursery:
        await nursery.start(never_started)


async def fails():
    raise ValueError("kept until the nursery ends")


async def keeps_exception():
    async with trio.open_nursery() as nursery:
        nursery.start_soon(shielded)
        nursery.start_soon(fails)


async def owner(lock):
    async with lock:
        await trio.sleep_forever()


async def acquire(primitive):
    async with primitive:
        await trio.sleep_forever()


async def wait_condition(condition):
    async with condition:
        await condition.wait()


async def wait_notified(condition):
    async with condition:
        await condition.wait()
        await trio.sleep_forever()


async def notify(condition):
    async with condition:
        condition.notify()
        await trio.sleep_forever()


async def receive(channel):
    async for _ in channel:
        pass


async def send(channel):
    await channel.send(1)
    await channel.send(2)


async def read_socket(sock):
    await trio.SocketStream(trio.socket.from_stdlib_socket(sock)).receive_some()


async def write_socket(sock):
    await trio.SocketStream(trio.socket.from_stdlib_socket(sock)).send_all(b"x" * (1 << 24))


async def wait_process(event):
    process = await trio.lowlevel.open_process([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    event.pid = process.pid
    await process.wait()


def block():
    threading.Event().wait()


async def main(more):
    global ROOT
    event, lock, fifo = trio.Event(), trio.Lock(), trio.StrictFIFOLock()
    semaphore, limiter = trio.Semaphore(0), trio.CapacityLimiter(1)
    condition, notified = trio.Condition(), trio.Condition()
    sender, receiver = trio.open_memory_channel(1)
    empty_sender, empty_receiver = trio.open_memory_channel(0)
    (left, silent), (right, unread) = socket.socketpair(), socket.socketpair()
    ROOT = trio.lowlevel.current_root_task()
    async with trio.open_nursery() as nursery:
        start = nursery.start_soon
        start(nested, event)
        start(through_awaitable, event)
        start(through_asend, event)
        start(refuses_cancel)
        start(keeps_exception)
        start(starter)
        start(owner, lock, name="owner")
        await trio.testing.wait_all_tasks_blocked()
        start(acquire, lock, name="wants the lock")
        start(owner, fifo, name="fifo owner")
        await trio.testing.wait_all_tasks_blocked()
        start(acquire, fifo, name="wants the fifo lock")
        start(acquire, semaphore, name="wants the semaphore")
        start(acquire, limiter, name="has the token")
        await trio.testing.wait_all_tasks_blocked()
        start(acquire, limiter, name="wants the token")
        start(wait_condition, condition)
        start(wait_notified, notified)
        await trio.testing.wait_all_tasks_blocked()
        start(notify, notified)
        start(receive, empty_receiver)
        start(send, sender)
        start(read_socket, left)
        start(write_socket, right)
        start(wait_process, types.SimpleNamespace())
        start(trio.to_thread.run_sync, block, name="in a thread")
        for i in range(more):
            start(down, 5, event, name=f"more {i}")
        await trio.sleep_forever()
    return sender, empty_sender, receiver, silent, unread


# ---- its own account ----

def scopes(task):
    found, status = [], task._cancel_status
    while status is not None:
        scope = status._scope
        found.append({
            "deadline": None if scope._deadline == math.inf else round(scope._deadline - now(task), -1),
            "cancel_called": scope._cancel_called,
            "shield": scope._shield,
            "effectively_cancelled": status.effectively_cancelled,
        })
        status = status._parent
    return found


def now(task):
    return task._runner.clock.current_time()


def account(task):
    fds = {waiter: fd for fd, both in task._runner.io_manager._registered.items()
           for waiter in (both.read_task, both.write_task) if waiter is not None}
    return {
        "name": task.name,
        "frames": truth.chain(task.coro),
        "schedules": task._schedule_points,
        "start_pending": task._eventual_parent_nursery is not None,
        "scopes": scopes(task),
        "main": task is task._runner.main_task,
        "fd": fds.get(task),
        "pending": [repr(e) for n in task.child_nurseries for e in n._pending_excs],
        "nurseries": [sorted((account(child) for child in nursery.child_tasks), key=lambda t: (t["name"], str(t)))
                      for nursery in task.child_nurseries],
    }


if __name__ == "__main__":
    truth.settled(sys.argv[1], lambda: {"pid": os.getpid(), "root": account(ROOT)} if ROOT else None)
    trio.run(main, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
