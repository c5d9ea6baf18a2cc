"""An asyncio program that never rests: tasks are made, grouped, cancelled and end all the time.

Every task's name says where it stands: the name of the task that awaits it and a number, divided by a dot."""

import asyncio
import itertools
import random

count = itertools.count()


async def leaf(depth):
    if depth:
        await leaf(depth - 1)
    else:
        await asyncio.sleep(random.random() * 0.004)


async def spawn(name, depth):
    loop = asyncio.get_running_loop()
    while True:
        tasks = [loop.create_task(leaf(random.randrange(6)), name=f"{name}.{next(count)}") for _ in range(4)]
        if depth:
            below = f"{name}.{next(count)}"
            tasks.append(loop.create_task(spawn(below, depth - 1), name=below))
        try:
            await asyncio.wait_for(asyncio.gather(*tasks), random.random() * 0.02)
        except asyncio.TimeoutError:
            pass


async def main():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: None)     # of children that were cancelled
    roots = [loop.create_task(spawn(f"s{i}", 2), name=f"s{i}") for i in range(5)]
    print("READY", flush=True)
    await asyncio.wait(roots)


asyncio.run(main())
