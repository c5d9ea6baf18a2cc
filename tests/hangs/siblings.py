"""22 forked children, all alike but one. usage: siblings.py KIND

Every child has the read end of a pipe from the root, a TCP connection to the root and /dev/null, and
waits for a job in an asyncio loop or a plain read(). All pipes exist before the first fork and each
child closes the others', so that the order of birth makes no difference. KIND says how number 7
differs; its pid is the odd one out. The verdict on the tree is not what this is about.
"""
import asyncio
import os
import select
import signal
import socket
import sys
import threading
import time

import hang

CHILDREN, ODD = 22, 7


def wait_for_job(fd):
    os.read(fd, 1)


def wait_for_permission(fd):
    os.read(fd, 1)


def wait_in_poll(fd):
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    poll.poll()


def burn(fd):
    while True:
        pass


async def job(name):
    await asyncio.Event().wait()


async def clean_up(name):
    await asyncio.Future()


def run_loop(fd, is_odd):
    async def main():
        loop = asyncio.get_running_loop()
        loop.add_reader(fd, os.read, fd, 1)
        jobs = [job("first"), job("second"), clean_up("third") if is_odd else job("third")]
        await asyncio.gather(*jobs)

    asyncio.run(main())


def child(kind, is_odd, fd, address):
    null = os.open("/dev/null", os.O_RDONLY)
    connection = socket.create_connection(address)
    if kind == "tasks":
        run_loop(fd, is_odd)
    if not is_odd:
        wait_for_job(fd)
    elif kind == "call":
        wait_in_poll(fd)
    elif kind == "function":
        wait_for_permission(fd)
    elif kind == "fd":
        os.close(null)
    elif kind == "thread":
        threading.Thread(target=time.sleep, args=[100], daemon=True).start()
    elif kind == "connection":
        connection.close()
    elif kind == "exited":
        os._exit(3)
    elif kind == "stopped":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif kind == "busy":
        burn(fd)
    elif kind == "forked" and hang.fork() == 0:
        time.sleep(100)
    wait_for_job(fd)


def main(kind):
    hang.init()
    listener = socket.create_server(("127.0.0.1", 0), backlog=CHILDREN)
    pipes = [os.pipe() for _ in range(CHILDREN)]
    pids = []
    for i, (fd, _) in enumerate(pipes):
        pids.append(hang.fork())
        if pids[-1] == 0:
            address = listener.getsockname()
            listener.close()
            for other in {end for pipe in pipes for end in pipe} - {fd}:
                os.close(other)
            child(kind, i == ODD, fd, address)
            os._exit(0)
    for fd, _ in pipes:
        os.close(fd)
    connections = [listener.accept() for _ in range(CHILDREN)]
    if kind == "connection":
        for connection in select.select([c for c, _ in connections], [], [])[0]:
            connection.close()
    like = pids[0]
    calls = "epoll_wait" if kind == "tasks" else "read"
    check = [hang.parked("wait4"), hang.parked(calls, like)]
    if kind in ("exited", "stopped"):
        check.append({"pid": pids[ODD], "state": "Z" if kind == "exited" else "T"})
    hang.ready(hang.deserves([], [], []), check, odd=pids[ODD], siblings=pids,
               moving=kind == "busy")
    os.waitpid(pids[-1], 0)


main(sys.argv[1])
