"""A small tree that hangs for good: what scripts/demo shows.

A parent forks four workers, as test runners and servers do. Each worker serves its end of a socket pair from an
epoll loop, and has a helper thread that waits for a lock. At the end the parent forgets to tell
worker-2 to stop and waits for it: worker-2 waits for the parent's word, the parent for worker-2's end.
"""
import ctypes
import os
import select
import signal
import socket
import sys
import threading

PR_SET_PDEATHSIG, PR_SET_PTRACER, ANY = 1, 0x59616D61, ctypes.c_ulong(-1)
libc = ctypes.CDLL(None)


def may_be_looked_at():
    """Under yama's ptrace_scope=1 only descendants may be read; this program invites everybody."""
    libc.prctl(PR_SET_PTRACER, ANY, 0, 0, 0)
    signal.alarm(600)


def helper(lock):
    with lock:
        pass


def serve(channel):
    loop = select.epoll()
    loop.register(channel, select.EPOLLIN)
    while True:
        for _fd, _events in loop.poll():
            if channel.recv(100) in (b"stop", b""):
                return


def worker(channel):
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    may_be_looked_at()
    lock = threading.Lock()
    lock.acquire()
    threading.Thread(target=helper, args=(lock,), daemon=True, name="helper").start()
    serve(channel)


def wait_for(pid):
    os.waitpid(pid, 0)


def main():
    may_be_looked_at()
    channels, pids = [], []
    for _ in range(4):
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            ours.close()
            for channel in channels:
                channel.close()
            worker(theirs)
            os._exit(0)
        theirs.close()
        channels.append(ours)
        pids.append(pid)
    for number in (0, 1, 3):
        channels[number].send(b"ping")
    print("ready", os.getpid(), flush=True)
    wait_for(pids[2])


if __name__ == "__main__":
    sys.exit(main())
