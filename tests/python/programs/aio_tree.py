"""An asyncio program in which tasks wait in every way there is, and its own account of them.

aio_tree.py PATH c|pure|uvloop [N]: tasks and futures as this Python makes them, all of them in Python, or on
uvloop's loop; N more tasks that all wait for one event.

What the program cannot ask for it says where it makes a task: who awaits it, and on what it waits."""

import asyncio
import functools
import os
import socket
import subprocess
import sys
import threading
import types

import truth

HOW = sys.argv[2]
LOOPS = {}      # loop -> id of the thread that runs it
SAID = {}       # name of a task -> what was said about it
KEPT = []       # what nobody else refers to
SET_UP = []     # loops that have made all their tasks

if HOW == "pure":
    asyncio.Future = asyncio.futures.Future = asyncio.futures._PyFuture
    asyncio.Task = asyncio.tasks.Task = asyncio.tasks._PyTask
    # From 3.12 on each half has a notion of its own of which task runs.
    for function in ("current_task", "all_tasks", "_register_task", "_register_eager_task", "_unregister_task",
                     "_unregister_eager_task", "_enter_task", "_leave_task", "_swap_current_task"):
        if hasattr(asyncio.tasks, "_py_" + function):
            setattr(asyncio.tasks, function, getattr(asyncio.tasks, "_py_" + function))
    asyncio.current_task, asyncio.all_tasks = asyncio.tasks.current_task, asyncio.tasks.all_tasks
elif HOW == "uvloop":
    import uvloop
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())

EAGER_TASK = functools.partial(asyncio.Task, eager_start=True)      # from 3.12 on


class DerivedTask(asyncio.Task):
    """As libraries derive their own."""


def say(name, by=(), **facts):
    SAID[name] = {"awaited_by": sorted(by), **facts}


def start(coro, name, by=(), make=None, **facts):
    say(name, by, **facts)
    loop = asyncio.get_running_loop()
    task = make(coro, loop=loop, name=name) if make else loop.create_task(coro, name=name)
    KEPT.append(task)   # the loop itself does not
    return task


# ---- chains ----

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


async def down(depth, event):
    if depth:
        await down(depth - 1, event)
    else:
        await event.wait()


async def numbers(event):
    yield 1
    try:
        await event.wait()
    finally:
        pass
    yield 2


async def survives(event):
    try:
        yield 1
    except ValueError:
        await event.wait()
    yield 2


async def through_generator(event):
    async for _ in numbers(event):
        pass


async def through_asend(event):
    generator = numbers(event)
    await generator.__anext__()
    await generator.asend(None)


async def through_anext(event):
    generator = numbers(event)
    await generator.__anext__()
    await anext(generator, None)


async def through_athrow(event):
    generator = survives(event)
    await generator.__anext__()
    await generator.athrow(ValueError("thrown in"))


@types.coroutine
def old_style(event):
    yield from down(2, event).__await__()


def start_chains(event):
    on_event = {"wait": "event", "waits_on": "Event.wait", "object": id(event)}
    start(down(5, event), "down", **on_event)
    start(through_awaitable(event), "through an awaitable", **on_event)
    start(through_generator(event), "through a generator", **on_event)
    start(through_asend(event), "through asend", **on_event)
    start(through_athrow(event), "through athrow", **on_event)
    if sys.version_info < (3, 12):
        start(old_style(event), "a generator", **on_event)
    if sys.version_info >= (3, 10):
        start(through_anext(event), "through anext", **on_event)
    start(down(1, event), "schn\u00e9e \u2603 \U0001d54f \x1b[31m\n\"quoted\"", **on_event)
    start(down(1, event), "derived", make=DerivedTask, **on_event)
    start(down(1, event), "made in Python", make=asyncio.tasks._PyTask, **on_event)


# ---- primitives ----

async def acquire(primitive):
    async with primitive:
        await asyncio.Event().wait()


async def wait_condition(condition):
    async with condition:
        await condition.wait()


async def start_primitives():
    lock, condition = asyncio.Lock(), asyncio.Condition()
    semaphore, bounded = asyncio.Semaphore(0), asyncio.BoundedSemaphore(1)
    queue, full = asyncio.Queue(), asyncio.Queue(1)
    future = asyncio.get_running_loop().create_future()
    full.put_nowait(1)
    await lock.acquire()
    await bounded.acquire()
    KEPT.append((lock, condition, semaphore, bounded, queue, full, future))
    start(acquire(lock), "wants the lock", wait="lock", waits_on="Lock.acquire", object=id(lock))
    start(acquire(semaphore), "wants the semaphore", wait="semaphore", waits_on="Semaphore.acquire", object=id(semaphore))
    start(acquire(bounded), "wants the bounded one", wait="semaphore", waits_on="BoundedSemaphore.acquire",
          object=id(bounded))
    start(wait_condition(condition), "wants the condition", wait="condition", waits_on="Condition.wait",
          object=id(condition))
    start(queue.get(), "gets", wait="queue", waits_on="Queue.get", object=id(queue))
    start(full.put(2), "puts", wait="queue", waits_on="Queue.put", object=id(full))
    start(full.join(), "joins", wait="queue", waits_on="Queue.join", object=id(full))
    if sys.version_info >= (3, 11):
        barrier = asyncio.Barrier(3)
        start(barrier.wait(), "at the barrier", wait="condition", waits_on="Barrier.wait", object=id(barrier))

    async def bare():
        await future
    start(bare(), "bare future", wait="future", object=id(future), waits_on=type(future).__name__)
    start(asyncio.sleep(5000), "sleeps", wait="timer", waits_on="sleep", deadline=5000)


# ---- tasks that wait for tasks ----

async def gathers(*tasks):
    await asyncio.gather(*tasks)


async def shields(task):
    await asyncio.shield(task)


async def waits(tasks, when):
    await asyncio.wait(tasks, return_when=when)


async def waits_for(task):
    await asyncio.wait_for(task, 5000)


async def gathers_deep(task):
    await asyncio.gather(asyncio.shield(asyncio.gather(task)))


async def group(event):
    async with asyncio.TaskGroup() as children:
        for i in range(2):
            name = f"in the group {i}"
            say(name, ["group"], wait="event")
            children.create_task(down(1, event), name=name)


async def in_timeouts(event):
    async with asyncio.timeout(7000):
        async with asyncio.timeout(9000):
            await event.wait()


async def refuses_cancel(event):
    try:
        await event.wait()
    except asyncio.CancelledError:
        await event.wait()


async def awaits(task):
    await task


async def start_awaiters(event):
    def child(name, *by):
        return start(down(0, event), name, by, wait="event")

    start(gathers(child("gathered 1", "gathers"), child("gathered 2", "gathers")), "gathers",
          wait="task", waits_on="gather", waits_for=["gathered 1", "gathered 2"], waits_any=False)
    start(shields(child("shielded", "shields")), "shields", wait="task", waits_on="shield", waits_for=["shielded"])
    start(waits([child("one of two 1", "waits any"), child("one of two 2", "waits any")], asyncio.FIRST_COMPLETED),
          "waits any", wait="task", waits_for=["one of two 1", "one of two 2"], waits_any=True)
    start(waits([child("both 1", "waits all"), child("both 2", "waits all")], asyncio.ALL_COMPLETED),
          "waits all", wait="task", waits_for=["both 1", "both 2"], waits_any=False)
    start(waits_for(child("waited for", "waits for")), "waits for", wait="task", waits_for=["waited for"], deadline=5000)
    start(gathers_deep(child("deep", "gathers deep")), "gathers deep", wait="task", waits_for=["deep"])
    shared = child("of two", "awaits", "awaits too")
    start(awaits(shared), "awaits", wait="task", waits_on="task of two", waits_for=["of two"])
    start(awaits(shared), "awaits too", wait="task", waits_for=["of two"])
    if sys.version_info >= (3, 11):
        start(group(event), "group", wait="nursery", waits_for=["in the group 0", "in the group 1"])
        start(in_timeouts(event), "in timeouts", wait="event", deadline=7000)
    task = start(refuses_cancel(event), "refuses cancel", wait="event", cancel_called=True)
    await asyncio.sleep(0)
    task.cancel()


# ---- the world outside ----

class Collector(asyncio.Protocol):
    """A protocol of the program's own: what it waits with is its own affair."""

    def connection_made(self, transport):
        self.transport = transport
        self.first = asyncio.get_running_loop().create_future()
        self.waiters = [asyncio.get_running_loop().create_future()]

    async def once(self):
        await self.first

    async def listed(self):
        await self.waiters[0]


def pair():
    left, right = socket.socketpair()
    left.setblocking(False)
    KEPT.append(right)
    return left


async def read_lines(reader):
    await reader.readline()


async def read_all(reader):
    await reader.readexactly(1 << 30)


async def write_much(writer):
    writer.write(b"x" * (1 << 24))
    await writer.drain()


async def serves(server):
    async with server:
        await server.serve_forever()


def block(tid, ready):
    tid.append(threading.get_native_id())
    ready.set()
    threading.Event().wait()


async def start_io():
    loop = asyncio.get_running_loop()

    def fd(sock, **more):
        return {"wait": "fd", "fd": sock.fileno(), **more}

    sock = pair()
    reader, writer = await asyncio.open_connection(sock=sock)
    start(read_lines(reader), "reads a line", **fd(writer.get_extra_info("socket"), waits_write=False,
                                                   waits_on="StreamReader._wait_for_data"))
    start(write_much(writer), "drains", **fd(writer.get_extra_info("socket"), waits_write=True))
    KEPT.append(writer)
    sock = pair()
    reader, writer = await asyncio.open_connection(sock=sock)
    KEPT.append(writer)
    start(read_all(reader), "reads much", **fd(writer.get_extra_info("socket"), waits_write=False))

    for name, waits_write, job in (
            ("sock_recv", False, lambda s: loop.sock_recv(s, 10)),
            ("sock_recv_into", False, lambda s: loop.sock_recv_into(s, bytearray(10))),
            ("sock_sendall", True, lambda s: loop.sock_sendall(s, b"x" * (1 << 24)))):
        sock = pair()
        start(job(sock), name, **fd(sock, waits_write=waits_write))
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    start(loop.sock_accept(listener), "sock_accept", **fd(listener, waits_write=False))

    transport, protocol = await loop.create_connection(Collector, sock=pair())
    fileno = transport.get_extra_info("socket").fileno()
    start(protocol.once(), "own protocol", wait="future", fd=fileno, waits_write=False)
    start(protocol.listed(), "own protocol's list", wait="future", fd=fileno, waits_write=False)

    reader, out = asyncio.StreamReader(), os.pipe()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(out[0], "rb"))
    KEPT.extend([transport, os.fdopen(out[1], "wb")])
    start(read_lines(reader), "reads a pipe", wait="fd", fd=out[0], waits_write=False)

    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    start(serves(server), "serves", wait="forever", waits_on="Server.serve_forever")


async def start_helpers():
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=subprocess.PIPE)
    KEPT.append(process)
    start(process.wait(), "waits for a child", wait="child", child=process.pid)
    tid, ready = [], threading.Event()
    start(asyncio.to_thread(block, tid, ready), "in a thread", wait="thread", waits_on="run_in_executor")
    while not tid:
        await asyncio.sleep(0.01)
    SAID["in a thread"]["worker"] = tid[0]


# ---- loops ----

async def main(more):
    asyncio.current_task().set_name("main")
    LOOPS[asyncio.get_running_loop()] = threading.get_native_id()
    say("main", main=True, wait="event")
    event = asyncio.Event()
    start_chains(event)
    await start_primitives()
    await start_awaiters(event)
    await start_io()
    await start_helpers()
    for i in range(more):
        start(down(5, event), f"more {i}", wait="event")
    SET_UP.append("main")
    await event.wait()


async def second():
    """A loop in a thread of its own, with tasks that begin at once where this Python has such."""
    asyncio.current_task().set_name("second")
    LOOPS[asyncio.get_running_loop()] = threading.get_native_id()
    event = asyncio.Event()
    say("second", main=True, wait="event")
    start(down(2, event), "in the second", wait="event")
    if sys.version_info >= (3, 12):
        start(down(2, event), "eager", make=EAGER_TASK, wait="event")
    SET_UP.append("second")
    await event.wait()


async def stops_here():
    SET_UP.append("third")
    threading.Event().wait()


async def nothing():
    pass


async def third():
    """A loop that a task blocks: some tasks have not begun."""
    asyncio.current_task().set_name("third")
    LOOPS[asyncio.get_running_loop()] = threading.get_native_id()
    say("third", main=True, state="running")
    start(nothing(), "not begun", state="created")
    if sys.version_info >= (3, 12):
        say("blocks eagerly", state="running")
        EAGER_TASK(stops_here(), loop=asyncio.get_running_loop(), name="blocks eagerly")
    await stops_here()


# ---- its own account ----

def awaiters_by_itself(task):
    """Names of the tasks that asyncio itself says await this one: from 3.14 on, of those made in C; else None."""
    if sys.version_info < (3, 14) or HOW == "pure":
        return None
    names, left, seen = set(), list(task._asyncio_awaited_by or ()), set()
    while left:
        by = left.pop()
        if id(by) in seen:
            continue
        seen.add(id(by))
        if hasattr(by, "get_name"):
            names.add(by.get_name())
        else:
            left += by._asyncio_awaited_by or ()
    return sorted(names)


def account(task, tid):
    said = dict(SAID[task.get_name()])
    waiter = task._fut_waiter
    said.setdefault("state", "waiting" if waiter is not None else "?")
    running = said["state"] == "running"
    return {
        "name": task.get_name(),
        "thread": tid,
        # Frames of code that runs belong to its thread, and change their line while they are asked.
        "frames": None if running else truth.chain(task.get_coro()),
        "awaited_by_itself": awaiters_by_itself(task),
        **said,
    }


def all_tasks(loop):
    """From 3.14 on the half in C and the half in Python list only their own."""
    lists = [asyncio.all_tasks] + [getattr(asyncio.tasks, name) for name in ("_py_all_tasks", "_c_all_tasks")
                                   if hasattr(asyncio.tasks, name)]
    return {task for function in lists for task in function(loop)}


def collect():
    if len(SET_UP) < 3:
        return None
    tasks = [account(task, tid) for loop, tid in list(LOOPS.items()) for task in all_tasks(loop)]
    return {"tasks": sorted(tasks, key=lambda task: task["name"]), "said": sorted(SAID)}


if __name__ == "__main__":
    for entry in (second, third):
        threading.Thread(target=lambda entry=entry: asyncio.run(entry()), name=entry.__name__, daemon=True).start()
    truth.settled(sys.argv[1], collect)
    asyncio.run(main(int(sys.argv[3]) if len(sys.argv) > 3 else 0))
