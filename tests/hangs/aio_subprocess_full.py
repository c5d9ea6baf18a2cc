"""drain() of a subprocess's stdin, while its stdout is read by nobody.

cat writes what it reads until the pipe and asyncio's own buffer are full; then it reads no more,
and the task waits for room in cat's stdin. One protocol serves all pipes of a subprocess: which of
them a task waits for, only its StreamWriter knows.
"""
import asyncio
import os

import hang

hang.init()


async def main():
    cat = await asyncio.create_subprocess_exec("cat", stdin=asyncio.subprocess.PIPE,
                                               stdout=asyncio.subprocess.PIPE)
    cat.stdin.write(b"x" * 4_000_000)
    hang.ready(hang.deserves("DEADLOCK", ["proved", "read"], "no",
                             [{"pid": os.getpid()}, {"pid": cat.pid}],
                             ["FULL_PIPE", "IDLE", "UNKNOWN"]),
               [hang.parked("epoll_wait"), hang.parked("write", cat.pid)])
    await cat.stdin.drain()


asyncio.run(main())
