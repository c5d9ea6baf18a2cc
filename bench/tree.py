"""The hung tree of the bench: one Python parent, 22 children that it forked, three threads in each.

tree.py [CHILDREN [SPIN_LIBRARY SPIN_FILE]]

Threads wait in epoll, in a read and in a lock; the parent waits for its first child. Enough is imported that
a process has the mappings of an ordinary application (about 120). With a library and a file the first child
also runs the spinning thread of spin.c. Prints READY when all are on their way; the parent ends the tree
after ten minutes.
"""

import asyncio  # noqa: F401  imported for its mappings, as are those below
import ctypes
import decimal  # noqa: F401
import hashlib  # noqa: F401
import json  # noqa: F401
import multiprocessing  # noqa: F401
import os
import select
import signal
import socket  # noqa: F401
import sqlite3  # noqa: F401
import ssl  # noqa: F401
import sys
import threading
import unittest  # noqa: F401

CHILDREN = int(sys.argv[1]) if len(sys.argv) > 1 else 22
SPIN = sys.argv[2:4]
LIFETIME_S = 600
DEPTH = 4
PR_SET_PDEATHSIG = 1

never_written, _keep_open = os.pipe()


def wait_in_epoll(n):
    if n:
        return wait_in_epoll(n - 1)
    epoll = select.epoll()
    epoll.register(never_written, select.EPOLLIN)
    while True:
        epoll.poll()


def wait_in_read(n):
    if n:
        return wait_in_read(n - 1)
    os.read(never_written, 1)


def wait_in_lock(n):
    if n:
        return wait_in_lock(n - 1)
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def child(number, ready):
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if SPIN and number == 0:
        library, path = SPIN
        if ctypes.CDLL(library).spin_start(path.encode()) != 0:
            os._exit(1)
    for wait in (wait_in_epoll, wait_in_read):
        threading.Thread(target=wait, args=(DEPTH,), daemon=True).start()
    os.write(ready, b"r")
    wait_in_lock(DEPTH)


def main():
    told, ready = os.pipe()
    children = []
    for number in range(CHILDREN):
        pid = os.fork()
        if pid == 0:
            child(number, ready)
            os._exit(0)
        children.append(pid)
    for _ in children:
        os.read(told, 1)
    signal.alarm(LIFETIME_S)
    threading.Thread(target=wait_in_lock, args=(DEPTH - 1,), daemon=True).start()
    os.write(1, b"READY\n")
    os.waitpid(children[0], 0)


main()
