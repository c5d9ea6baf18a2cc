"""A trio program that never rests: tasks are made, nested, cancelled and end all the time.

Every task's name says where it stands: its parent's name and a number, divided by a dot. Beside them so many tasks
as argv[2] says rest: r0, r1, ..."""

import itertools
import random
import sys

import trio

count = itertools.count()


async def leaf(depth):
    if depth:
        await leaf(depth - 1)
    else:
        await trio.sleep(random.random() * 0.004)


async def spawn(name, depth):
    while True:
        with trio.move_on_after(random.random() * 0.02):
            async with trio.open_nursery() as nursery:
                for _ in range(4):
                    nursery.start_soon(leaf, random.randrange(6), name=f"{name}.{next(count)}")
                if depth:
                    below = f"{name}.{next(count)}"
                    nursery.start_soon(spawn, below, depth - 1, name=below)


async def main():
    async with trio.open_nursery() as nursery:
        for i in range(int(sys.argv[2]) if len(sys.argv) > 2 else 0):
            nursery.start_soon(trio.sleep_forever, name=f"r{i}")
        for i in range(5):
            nursery.start_soon(spawn, f"s{i}", 2, name=f"s{i}")
        print("READY", flush=True)


trio.run(main)
