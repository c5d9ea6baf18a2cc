"""A tree like that of the issue this project began with. usage: tree.py VARIANT [CHILDREN] [LEVELS]

A trio program forks its actors with os.fork() and never execs: a launchpad thread forks, the child
runs a trio loop of its own in it and connects back over TCP. The parent has two tasks for each child,
one on its socket and one on its pidfd. Children born later inherit the sockets, the epoll instance
and everything else of the parent. Six sockets in CLOSE_WAIT with an unread end of file are leaked on
top, as there: they mean nothing.

lost      consumer_7 exited and was reaped; the main task waits, behind fail_after(), for an Event
          that only the task on consumer_7's socket would have set, and that one has ended at the end
          of file
cascade   the nursery is cancelled; its tasks wait, shielded, for the children's exit, and the
          children wait for a cancel message that nobody sends. With LEVELS 3 the middle actors do the
          same with children of their own
listener  as cascade, but a task that accepts connections is still there, shielded too: as much a
          server at rest as a teardown that hangs, but for the cancelled scope
zombie    consumer_7 has exited; the event on its pidfd went to a child that polled the inherited
          epoll instance, so the entry is disarmed and the parent's main task is never told
stopped   the main task waits for a message of consumer_7, which is stopped
"""
import os
import pathlib
import queue
import select
import signal
import socket
import sys
import threading

import trio
import trio.testing

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import hang

LEAKS = 6
SPECIAL = 7
THIEF = 0


class Launchpad:
    """Forks in a thread of its own, which lives as long as the process: children are tied to it."""

    def __init__(self):
        self._requests, self._pids = queue.Queue(), queue.Queue()
        threading.Thread(target=self._serve, name="launchpad", daemon=True).start()

    def _serve(self):
        while True:
            function, arguments = self._requests.get()
            pid = hang.fork()
            if pid == 0:
                _child_target(function, arguments)
            self._pids.put(pid)

    def fork(self, function, *arguments):
        self._requests.put((function, arguments))
        return self._pids.get()


def _child_target(function, arguments):
    signal.set_wakeup_fd(-1)  # the parent's loop is not ours, though its descriptors came along
    try:
        trio.run(function, *arguments)
    finally:
        os._exit(0)


class Actor:
    """A child as its parent sees it"""

    def __init__(self, name, pid, stream):
        self.name, self.pid, self.stream = name, pid, stream
        self.pidfd = os.pidfd_open(pid)

    async def wait(self):
        await trio.lowlevel.wait_readable(self.pidfd)
        os.waitpid(self.pid, 0)

    async def soft_kill(self):
        with trio.CancelScope(shield=True):
            await self.wait()

    async def process_messages(self, done):
        """Ends at the end of file, or at the child's goodbye, without a word: the bug of `lost`."""
        async for message in self.stream:
            if message == b"result":
                done.set()
            if message == b"bye":
                return


def inherited_epoll():
    for fd in map(int, os.listdir("/proc/self/fd")):
        try:
            if os.readlink(f"/proc/self/fd/{fd}") == "anon_inode:[eventpoll]":
                return fd
        except FileNotFoundError:
            pass
    return None


async def child_main(name, port, epoll_fd, variant, grandchildren):
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    await stream.send_all(name.encode())
    if grandchildren:
        await supervise(f"{name}.", grandchildren, variant, [], stream)
    else:
        await process_parent_messages(stream, epoll_fd)


async def process_parent_messages(stream, epoll_fd):
    async for message in stream:
        if message == b"exit":
            return
        if message == b"bye":
            await stream.send_all(b"bye")
        if message == b"stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        if message == b"steal":
            stolen = select.epoll.fromfd(os.dup(epoll_fd)).poll(0)
            await stream.send_all(b"stole %d" % len(stolen))


def leak_sockets(port, listener):
    """Both ends opened here, the accepted one closed, the other one forgotten"""
    leaked = [socket.create_connection(("127.0.0.1", port)) for _ in range(LEAKS)]
    for _ in leaked:
        listener.accept()[0].close()
    return leaked


async def supervise(prefix, names, variant, grandchildren, stream):
    """The root's main task, and with three levels each middle actor's"""
    listener = socket.create_server(("127.0.0.1", 0), backlog=32)
    port = listener.getsockname()[1]
    leaked = leak_sockets(port, listener)
    launchpad, actors, done = Launchpad(), [], {}
    for i, name in enumerate(names):
        pid = launchpad.fork(child_main, prefix + name, port, inherited_epoll(), variant,
                             grandchildren[i] if grandchildren else [])
        connection = trio.SocketStream(trio.socket.from_stdlib_socket(listener.accept()[0]))
        await connection.receive_some()
        actors.append(Actor(prefix + name, pid, connection))
        done[i] = trio.Event()
    if variant == "listener":
        server = trio.SocketListener(trio.socket.from_stdlib_socket(listener))
    else:
        server = None
        listener.close()
    special = actors[min(SPECIAL, len(actors) - 1)]
    direct = variant in ("zombie", "stopped")  # the main task itself waits for the special one
    async with trio.open_nursery() as nursery:
        for i, actor in enumerate(actors):
            if not (variant == "stopped" and actor is special):
                nursery.start_soon(actor.process_messages, done[i], name=f"messages of {actor.name}")
            if variant in ("cascade", "listener"):
                nursery.start_soon(actor.soft_kill, name=f"soft_kill {actor.name}")
            elif not (direct and actor is special):
                nursery.start_soon(actor.wait, name=f"wait for {actor.name}")
        if server:
            nursery.start_soon(accept_shielded, server)
        await trio.testing.wait_all_tasks_blocked(0.05)
        if variant in ("cascade", "listener"):
            if stream is None:
                await trio.sleep(0.3)
                announce(variant, actors, special)
            nursery.cancel_scope.cancel()
        else:
            await wait_for_special(variant, nursery, actors, special, done)
    del leaked


async def accept_shielded(server):
    with trio.CancelScope(shield=True):
        await server.accept()


async def wait_for_special(variant, nursery, actors, special, done):
    if variant == "lost":
        await special.stream.send_all(b"exit")
        hang.wait_until(lambda: select.select([special.pidfd], [], [], 0)[0])
        with trio.fail_after(100):
            nursery.start_soon(announce_when_parked, variant, actors, special)
            await done[actors.index(special)].wait()
    elif variant == "stopped":
        await special.stream.send_all(b"stop")
        nursery.start_soon(announce_when_parked, variant, actors, special)
        await special.stream.receive_some()
    elif variant == "zombie":
        await special.stream.send_all(b"bye")
        await trio.testing.wait_all_tasks_blocked(0.05)
        nursery.start_soon(let_thief_steal, actors, special)
        await special.wait()


async def announce_when_parked(variant, actors, special):
    await trio.testing.wait_all_tasks_blocked(0.05)
    announce(variant, actors, special)


async def let_thief_steal(actors, special):
    """All without a turn of the loop: the exit's event must be ready and not yet delivered."""
    await trio.testing.wait_all_tasks_blocked()
    thief = actors[THIEF]
    special.stream.socket._sock.send(b"exit")
    os.waitid(os.P_PID, special.pid, os.WEXITED | os.WNOWAIT)
    thief.stream.socket._sock.send(b"steal")
    select.select([thief.stream.socket.fileno()], [], [])
    announce("zombie", actors, special)


def announce(variant, actors, special):
    root, here = os.getpid(), [{"pid": os.getpid()}]
    check, more = [hang.parked("epoll_wait", root)], {}
    check += [hang.parked("epoll_wait", a.pid) for a in actors if a is not special]
    if variant == "lost":
        expect = hang.deserves("LOST_PEER", ["read"], "timer", here + [{"pid": special.pid}],
                               ["DEADLOCK", "TIMER", "IDLE", "UNKNOWN"])
    elif variant == "cascade":
        expect = hang.deserves("DEADLOCK", ["read", "proved"], "no", None,
                               ["LOST_PEER", "IDLE", "UNKNOWN"])
    elif variant == "listener":
        expect = hang.deserves("DEADLOCK", ["inferred"], ["no", "unknown"], None,
                               ["LOST_PEER", "IDLE", "UNKNOWN"])
    elif variant == "zombie":
        expect = hang.deserves("LOST_PEER", ["read"], "no", here + [{"pid": special.pid}],
                               ["DEADLOCK", "IDLE", "UNKNOWN"])
        check.append({"pid": special.pid, "state": "Z"})
        more["odd"] = special.pid
    else:
        expect = hang.deserves("STOPPED", ["read"], "unknown", [{"pid": special.pid}],
                               ["DEADLOCK", "LOST_PEER", "IDLE", "UNKNOWN"])
        check.append({"pid": special.pid, "state": "T"})
        more["odd"] = special.pid
    if variant in ("cascade", "listener"):
        expect["end"] = None  # anybody of the cycle, which may be two levels down
    hang.ready(expect, check, ruled_out=["CLOSE_WAIT"],
               names={str(a.pid): a.name for a in actors}, **more)


def main(variant, children=22, levels=2):
    hang.init()
    grandchildren = []
    if levels == 3:
        middle = max(2, children // 5)
        left = children - middle
        grandchildren = [[f"leaf_{n}" for n in range(left // middle + (m < left % middle))]
                         for m in range(middle)]
        names = [f"spawner_{m}" for m in range(middle)]
    else:
        names = [f"consumer_{n}" for n in range(children - 1)] + ["publisher"]
    trio.run(supervise, "", names, variant, grandchildren, None)


main(sys.argv[1], *map(int, sys.argv[2:]))
