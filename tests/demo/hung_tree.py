"""A small tree that hangs for good: what scripts/demo shows.

A parent runs an asyncio loop and forks four workers out of it, as servers and test runners do; each runs a
loop of its own over its end of a socket pair. A worker asks for leave before it does a job. The parent
gives leave to three of them; of worker-2 it wants the result at once, and has no ear for the question.
So worker-2 waits for the parent's word, and the parent for worker-2's.
"""
import asyncio
import ctypes
import os
import signal
import socket
import sys

PR_SET_PDEATHSIG, PR_SET_PTRACER, ANY = 1, 0x59616D61, ctypes.c_ulong(-1)
libc = ctypes.CDLL(None)


def may_be_looked_at():
    """Under yama's ptrace_scope=1 only descendants may be read; this program invites everybody."""
    libc.prctl(PR_SET_PTRACER, ANY, 0, 0, 0)
    signal.alarm(600)


async def do_job(answers, leave):
    answers.write(b"may I?\n")
    await leave.wait()
    answers.write(b"done\n")


async def work(channel):
    orders, answers = await asyncio.open_connection(sock=channel)
    leave = asyncio.Event()
    while order := await orders.readline():
        if order == b"job\n":
            job = asyncio.create_task(do_job(answers, leave), name="job")
        elif order == b"go\n":
            leave.set()
            await job


def fork_worker(held):
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        may_be_looked_at()
        for channel in [*held, ours]:
            channel.close()
        asyncio.run(work(theirs))
        os._exit(0)
    theirs.close()
    held.append(ours)
    return ours


async def supervise(channel, gives_leave):
    answers, orders = await asyncio.open_connection(sock=channel)
    orders.write(b"job\n")
    if gives_leave:
        await answers.readuntil(b"may I?\n")
        orders.write(b"go\n")
    await answers.readuntil(b"done\n")
    return orders  # kept by the task: a writer that nobody has closes the connection


async def main():
    held = []
    channels = [fork_worker(held) for _ in range(4)]
    supervisors = [asyncio.create_task(supervise(channel, number != 2), name=f"supervise worker-{number}")
                   for number, channel in enumerate(channels)]
    await asyncio.wait(supervisors, timeout=0.5)
    print("ready", os.getpid(), flush=True)
    await asyncio.gather(*supervisors)


if __name__ == "__main__":
    may_be_looked_at()
    sys.exit(asyncio.run(main()))
