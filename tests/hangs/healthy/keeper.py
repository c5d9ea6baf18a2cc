"""Runs a command as a service and leaves nothing of it behind.

    keeper.py LOG [--pty] [--user NAME] -- COMMAND…

Prints the command's pid, then waits until its own stdin ends (whoever started it has gone or has
enough), and kills every process that came from the command: as subreaper it inherits even those that
tried to become daemons. With --pty the command leads a session on a terminal of its own, whose output
the keeper drains as a terminal emulator does. The keeper is outside the command's tree.
"""

import argparse
import ctypes
import fcntl
import os
import pty
import pwd
import select
import signal
import sys
import termios

LIFETIME = 600
_PR_SET_CHILD_SUBREAPER = 36


def descendants(pid):
    found = []
    try:
        for tid in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{tid}/children") as f:
                for child in map(int, f.read().split()):
                    found += [child, *descendants(child)]
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def end_all():
    """Until nothing is left: what is killed may have forked meanwhile."""
    while pids := descendants(os.getpid()):
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            while os.waitpid(-1, 0)[0]:
                pass
        except ChildProcessError:
            pass


def start(options, master, slave):
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    if options.pty:
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        stdin, output = slave, slave
        os.environ["TERM"] = "xterm"
    else:
        stdin = os.open("/dev/null", os.O_RDONLY)
        output = os.open(options.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.dup2(stdin, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.closerange(3, 256)
    if options.user:
        who = pwd.getpwnam(options.user)
        os.setgroups([])
        os.setgid(who.pw_gid)
        os.setuid(who.pw_uid)
    try:
        os.execvp(options.command[0], options.command)
    finally:
        os._exit(127)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("log")
    parser.add_argument("--pty", action="store_true")
    parser.add_argument("--user")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(1))
    signal.alarm(LIFETIME)
    master, slave = pty.openpty() if options.pty else (None, None)
    try:
        pid = start(options, master, slave)
        print(pid, flush=True)
        watched = [0] + ([master] if options.pty else [])
        while True:
            ready = select.select(watched, [], [])[0]
            if 0 in ready and not os.read(0, 1):
                break
            if master in ready:
                with open(options.log, "ab") as log:
                    log.write(os.read(master, 65536))
    finally:
        end_all()


main()
