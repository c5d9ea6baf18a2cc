"""What every Python program of tests/hangs needs: hang.h in Python.

    import hang
    hang.init()                  first of all: forks the announcer, which is outside the tree
    pid = hang.fork()            os.fork() whose child dies with its parent
    hang.ready(expect=…, check=[…])   then hang

The announcer prints the line once nothing below the root moves any more, and has gone before
anybody looks. tests/hanglib.py explains the keys. Each process ends with its parent and after
LIFETIME seconds at the latest.
"""

import ctypes
import json
import os
import signal
import time

LIFETIME = 120
QUIET_POLLS = 6  # so many equal looks, 30 ms apart, count as parked
GIVE_UP = 25
_PR_SET_PDEATHSIG, _PR_SET_PTRACER, _ANY = 1, 0x59616D61, ctypes.c_ulong(-1)

_libc = ctypes.CDLL(None)
_announcer = None


def leash():
    """Dies with its parent thread, and in any case; readable under Yama's ptrace_scope 1"""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _libc.prctl(_PR_SET_PTRACER, _ANY, 0, 0, 0)
    signal.alarm(LIFETIME)


def init():
    global _announcer
    leash()
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        if os.fork():
            os._exit(0)
        try:
            os.close(w)
            os.close(0)
            signal.alarm(LIFETIME)
            _announce(r)
        finally:
            os._exit(1)
    os.close(r)
    os.waitpid(pid, 0)
    _announcer = w


def fork():
    global _announcer
    pid = os.fork()
    if pid == 0:
        if _announcer is not None:
            os.close(_announcer)
            _announcer = None
        leash()
    return pid


def ready(expect, check, root=None, moving=False, **more):
    """Hands the expectation to the announcer; the hang follows. `moving`: it never parks."""
    global _announcer
    root = root or os.getpid()
    line = json.dumps({"ready": True, "pid": root, "expect": expect, "check": check, **more})
    text = json.dumps([root, moving, line]).encode()
    os.write(_announcer, len(text).to_bytes(4, "big") + text)  # far less than a pipe holds
    os.close(_announcer)
    _announcer = None


def _look(pid):
    """[(tid, state, switches)] of the tree below pid; raises while somebody comes or goes"""
    seen = []
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/status") as f:
            status = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
        seen.append((tid, status["State"][0], status["voluntary_ctxt_switches"],
                     status["nonvoluntary_ctxt_switches"]))
        with open(f"/proc/{pid}/task/{tid}/children") as f:
            children = f.read().split()
        for child in children:
            seen += _look(int(child))
    return seen


def _announce(fd):
    # By length and not to the end of file: others may have inherited the write end.
    text = os.read(fd, 65536)
    if not text:
        os._exit(0)
    while len(text) < 4 + int.from_bytes(text[:4], "big"):
        text += os.read(fd, 65536)
    os.close(fd)
    root, moving, line = json.loads(text[4:])
    last, same, deadline = None, 0, time.monotonic() + GIVE_UP
    if moving:
        time.sleep(0.5)
    while not moving and same < QUIET_POLLS:
        if time.monotonic() > deadline:
            line = json.dumps({"ready": False, "pid": root})
            break
        time.sleep(0.03)
        try:
            now = _look(root)
        except (FileNotFoundError, ProcessLookupError, KeyError):
            now = None
        quiet = now is not None and now == last and not any(state == "R" for _, state, *_ in now)
        last, same = now, same + 1 if quiet else 0
    os.write(1, line.encode() + b"\n")
    os._exit(0)


def wait_until(condition):
    """The handshake: in short sleeps, until `condition()` is true"""
    while not condition():
        time.sleep(0.001)


def parked(syscall, pid=None, tid=None, **more):
    """An entry of `check`: this thread sleeps in that call"""
    return {"pid": pid or os.getpid(), **({"tid": tid} if tid else {}), "state": "S",
            "syscall": syscall, **more}


def deserves(cls, certainty, can_end, end=None, wrong=()):
    """The expectation; `end` defaults to this process, `wrong` are classes it must not be."""
    return {"class": cls, "certainty": certainty, "can_end": can_end,
            "end": end or [{"pid": os.getpid()}], "not": list(wrong)}
