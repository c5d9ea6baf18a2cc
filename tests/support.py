"""What the whole-program tests share: how to start a target, ask hangwatch about it and look at /proc.

A target is always a process that the test itself started. It is started in a session of its own, tells
on its standard output when it is ready, and is killed with everything below it when the test ends,
whatever the outcome. Nothing here signals, stops or traces a process that it did not start, and nothing
waits without a deadline.

HANGWATCH names the program under test (default: build/hangwatch) and O the build directory that holds
the test programs (default: build).
"""

import contextlib
import ctypes
import json
import os
import re
import signal
import subprocess
import time

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TOP, os.environ.get("O", "build"))
HANGWATCH = os.path.join(TOP, os.environ.get("HANGWATCH", os.path.join(BUILD, "hangwatch")))

# Long enough for a capture on a loaded two-core machine, short enough to notice a hang of our own.
DEADLINE_S = 60


def sanitizers():
    """What the program under test was built with (SAN=address,undefined); empty for an ordinary build."""
    try:
        return (re.findall(r"-fsanitize=(\S+)", read_text(os.path.join(BUILD, "flags"))) or [""])[0]
    except FileNotFoundError:
        return ""


def make_options(out=os.environ.get("O", "build")):
    """The words that let make build in the same place with the same flags."""
    return [f"O={out}", *[f"SAN={s}" for s in [sanitizers()] if s]]


PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def need_hangwatch():
    """Skips the calling test module where the program has not been built."""
    if not os.access(HANGWATCH, os.X_OK):
        pytest.skip(f"{HANGWATCH} does not exist: build it with make", allow_module_level=True)


def program(*parts, why="build it with make test-programs"):
    """Path of a test program below the build directory; skips the test where it was not built."""
    path = os.path.join(BUILD, "tests", *parts)
    if not os.access(path, os.X_OK):
        pytest.skip(f"{os.path.relpath(path, TOP)} does not exist: {why}")
    return path


def need_root(what):
    if os.geteuid() != 0:
        pytest.skip(f"{what} needs root")


def need_command(name):
    """The path of an external command; skips the test where it is not installed."""
    for folder in os.environ.get("PATH", "/usr/bin:/bin").split(":") + ["/usr/sbin", "/sbin"]:
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK):
            return path
    pytest.skip(f"{name} is not installed")


def may_unshare_mounts():
    """Whether a mount namespace of one's own may be had here (containers often refuse)."""
    return subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0


def wait_until(condition, what, seconds=DEADLINE_S):
    """Polls until condition() is true; its value is handed back. A wait that fails names what."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for: {what}")
        time.sleep(0.01)


# --- /proc ---------------------------------------------------------------------------------------


def read_text(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def status(pid, field):
    """One field of /proc/PID/status, or None where the process is gone."""
    try:
        for line in read_text(f"/proc/{pid}/status").splitlines():
            if line.startswith(field + ":"):
                return line.split(":", 1)[1].strip()
    except (FileNotFoundError, ProcessLookupError):
        pass
    return None


def state(pid, tid=None):
    """The state letter of a process or of one of its threads; None where it is gone."""
    try:
        text = read_text(f"/proc/{pid}/task/{tid or pid}/stat")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rsplit(")", 1)[1].split()[0]


def alive(pid):
    return state(pid) not in (None, "Z", "X")


def tasks(pid):
    try:
        return sorted(int(t) for t in os.listdir(f"/proc/{pid}/task"))
    except (FileNotFoundError, ProcessLookupError):
        return []


def syscall(pid, tid):
    """The number of the call a thread is blocked in, 'running', or None where it cannot be read."""
    try:
        return read_text(f"/proc/{pid}/task/{tid}/syscall").split()[0]
    except OSError:
        return None


def children(pid):
    """The children of all threads of a process, in the order of their birth."""
    found = []
    for tid in tasks(pid):
        with contextlib.suppress(OSError):
            found += [int(p) for p in read_text(f"/proc/{pid}/task/{tid}/children").split()]
    return sorted(found)


def tree(pid):
    """A process and everything below it."""
    found = [pid]
    for child in children(pid):
        found += tree(child)
    return found


def all_blocked(pids):
    """True when every thread of the processes sleeps in a system call."""
    return all(state(p, t) == "S" for p in pids for t in tasks(p))


# --- targets -------------------------------------------------------------------------------------


def _in_child():
    os.setsid()
    # The target must not outlive a test run that is killed.
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Target:
    """A process that the test started: its pid, and the lines that it printed up to READY."""

    def __init__(self, process, lines):
        self.process = process
        self.pid = process.pid
        self.lines = lines


def end_tree(pid, process):
    """Kills the target and all below it. The list is taken first: orphans would lose their parent."""
    for member in tree(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(member, signal.SIGKILL)
    process.kill()
    process.wait(DEADLINE_S)
    if process.stdout:
        process.stdout.close()


@contextlib.contextmanager
def target(argv, ready="READY", **popen):
    """Starts argv, reads its output up to the line READY and ends it, with its tree, afterwards."""
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               preexec_fn=_in_child, **popen)
    try:
        lines = []
        if ready:
            os.set_blocking(process.stdout.fileno(), False)
            pending = b""
            end = time.monotonic() + DEADLINE_S
            while ready not in lines:
                chunk = process.stdout.read()
                if chunk:
                    pending += chunk
                    *full, pending = pending.split(b"\n")
                    lines += [line.decode("utf-8", "replace") for line in full]
                elif chunk == b"" or time.monotonic() > end:
                    raise AssertionError(f"{argv[0]} never said {ready}: {lines} {pending!r}")
                else:
                    time.sleep(0.005)
        yield Target(process, lines)
    finally:
        end_tree(process.pid, process)


# --- hangwatch -----------------------------------------------------------------------------------


class Result:
    """What one run of hangwatch said. That it takes longer than a second, which it says of itself, is no
    error: on a loaded machine any run may."""

    def __init__(self, code, out, err):
        self.code = code
        self.out = out
        self.progress = re.findall(r"^hangwatch: \d+\.\d s: [a-z ]+\n", err, re.M)
        self.err = re.sub(r"^hangwatch: \d+\.\d s: [a-z ]+\n", "", err, flags=re.M)

    @property
    def report(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"exit {self.code}\nstdout: {self.out[:2000]!r}\nstderr: {self.err[:2000]!r} {self.progress}"


def hangwatch(*args, prefix=(), env=None, timeout=DEADLINE_S, cwd=None):
    """Runs hangwatch to its end. A run that exceeds the deadline is a failure of its own."""
    argv = [*prefix, HANGWATCH, *[str(a) for a in args]]
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, env=env,
                              timeout=timeout, cwd=cwd)
    except subprocess.TimeoutExpired as expired:
        raise AssertionError(f"hangwatch itself hung: {argv} ran {timeout} s") from expired
    return Result(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))


def dump(pid, *options, **how):
    """One report of a process as the parsed JSON. Holes are an error unless asked for by `codes`."""
    codes = how.pop("codes", (0,))
    result = hangwatch("dump", pid, "--json", *options, **how)
    assert result.code in codes, result
    return result.report


def processes(report):
    return {p["pid"]: p for p in report["processes"] if not p.get("outside")}


def threads(report):
    """All threads of a report by thread id."""
    return {t["tid"]: t for p in processes(report).values() for t in p.get("threads", [])}


def address(frame):
    """A frame's address as a number, however the report writes it."""
    value = frame.get("address")
    return int(value, 0) if isinstance(value, str) else value


def native(thread):
    return [f for f in thread.get("frames", []) if f["kind"] == "native"]
