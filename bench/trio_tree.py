"""A trio program with a given number of tasks, all of them waiting.

trio_tree.py TASKS [SPIN_LIBRARY SPIN_FILE]

Seventeen tasks stand for a server (nurseries in nurseries), the others hang below them: a third each in an
event, in a sleep and in a memory channel. Prints READY when all are there, ends itself after ten minutes.
"""

import ctypes
import os
import signal
import sys

import trio
import trio.testing

TASKS = int(sys.argv[1])
SPIN = sys.argv[2:4]
LIFETIME_S = 600
SERVERS = 17


async def wait_for_event(n):
    await (wait_for_event(n - 1) if n else trio.Event().wait())


async def wait_in_sleep(n):
    await (wait_in_sleep(n - 1) if n else trio.sleep_forever())


async def wait_for_message(n):
    if n:
        return await wait_for_message(n - 1)
    sender, receiver = trio.open_memory_channel(0)
    async with sender, receiver:
        await receiver.receive()


WAITS = (wait_for_event, wait_in_sleep, wait_for_message)


async def server(number, workers, task_status=trio.TASK_STATUS_IGNORED):
    async with trio.open_nursery() as nursery:
        for i in range(workers):
            nursery.start_soon(WAITS[i % len(WAITS)], 3, name=f"worker {number}.{i}")
        task_status.started()
        await trio.sleep_forever()


async def main():
    workers = TASKS - SERVERS
    async with trio.open_nursery() as nursery:
        for number in range(SERVERS):
            share = workers // SERVERS + (number < workers % SERVERS)
            await nursery.start(server, number, share, name=f"server {number}")
        await trio.testing.wait_all_tasks_blocked()
        os.write(1, b"READY\n")
        await trio.sleep_forever()


if SPIN and ctypes.CDLL(SPIN[0]).spin_start(SPIN[1].encode()) != 0:
    sys.exit(1)
signal.alarm(LIFETIME_S)
trio.run(main)
