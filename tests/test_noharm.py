"""A target is never changed: not by a capture, not by one that is killed half-way, not by a signal it fears.

HW_LONG=1 kills 200 times instead of 40.
"""

import contextlib
import mmap
import os
import random
import signal
import struct
import subprocess
import time

import pytest

import support

support.need_hangwatch()

KILLS = 200 if os.environ.get("HW_LONG") == "1" else 40
WHY = "run make noharm"

# The counters of tests/noharm/progress.c, for each of its children.
CHILDREN = 4
SPINS, SLEEPS, BYTES, EPOLL_RETURNS = range(4)


class Progress:
    """The watched tree: its processes, and what its threads have counted."""

    def __init__(self, pid, memory):
        self.pid = pid
        self.memory = memory
        self.pids = support.tree(pid)

    def counters(self):
        values = struct.unpack(f"@{CHILDREN * 4}L", self.memory[:CHILDREN * 4 * 8])
        return [values[i * 4:i * 4 + 4] for i in range(CHILDREN)]

    def assert_unharmed(self):
        """All there, none stopped or traced, each waiting where it waited, each thread moving on."""
        assert support.tree(self.pid) == self.pids
        threads = [(pid, tid) for pid in self.pids for tid in support.tasks(pid)]
        # A tracer's death frees its tracees in the kernel's own time, one by one.
        support.wait_until(lambda: all(support.status(tid, "TracerPid") == "0" for _, tid in threads),
                           "the dead tracer's hold to end")
        support.wait_until(lambda: all(support.state(*t) in ("S", "R") for t in threads), "all of them to run or sleep")
        before = self.counters()
        support.wait_until(
            lambda: all(now > then for a, b in zip(self.counters(), before)
                        for now, then in zip(a[:EPOLL_RETURNS], b[:EPOLL_RETURNS])),
            "every thread to move on")


@contextlib.contextmanager
def progress(folder):
    path = folder / "counters"
    with support.target([support.program("noharm", "progress", why=WHY), str(path)]) as target:
        support.wait_until(lambda: len(support.tree(target.pid)) == 1 + CHILDREN, "the tree to grow")
        with open(path, "rb") as f, mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as memory:
            watched = Progress(target.pid, memory)
            support.wait_until(lambda: all(len(support.tasks(p)) == 4 for p in watched.pids[1:]),
                               "the threads to start")
            watched.assert_unharmed()
            yield watched


@pytest.mark.parametrize("mode", ["auto", "always", "never"])
def test_capture_changes_nothing(mode, tmp_path, store):
    with progress(tmp_path) as watched:
        returns = [c[EPOLL_RETURNS] for c in watched.counters()]
        for _ in range(3):
            # Without a stop a thread that happens to run has no stack: a report with a hole.
            codes = (0, 3) if mode == "never" else (0,)
            report = support.dump(watched.pid, f"--stop={mode}", "--interval", "50ms", codes=codes)
            assert len(support.processes(report)) == 1 + CHILDREN
            watched.assert_unharmed()
        assert [c[EPOLL_RETURNS] for c in watched.counters()] == returns


@pytest.mark.parametrize("mode", ["auto", "always"])
def test_killed_at_any_moment(mode, tmp_path, store):
    """SIGKILL for hangwatch, at moments spread over a whole capture. Nothing may be left held."""
    options = ["dump", "--json", f"--stop={mode}", "--samples", "2", "--interval", "20ms"]
    moments = random.Random(f"noharm {mode}")
    with progress(tmp_path) as watched:
        begin = time.monotonic()
        support.hangwatch(*options, watched.pid)
        whole = time.monotonic() - begin
        children_before = set(support.children(os.getpid()))
        for _ in range(KILLS):
            victim = subprocess.Popen([support.HANGWATCH, *options, str(watched.pid)],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL, start_new_session=True)
            time.sleep(moments.uniform(0, whole))
            helpers = support.tree(victim.pid)[1:]
            victim.kill()
            victim.wait(support.DEADLINE_S)
            watched.assert_unharmed()
            # Its own processes must not outlive it: one of them may be a tracer.
            support.wait_until(lambda: not any(support.alive(h) for h in helpers),
                               "the processes of the killed hangwatch to end")
        assert set(support.children(os.getpid())) == children_before
        support.dump(watched.pid, "--samples", "1")


@pytest.mark.parametrize("mode", ["auto", "always"])
def test_stopped_stays_stopped(mode, tmp_path, store):
    with progress(tmp_path) as watched:
        for pid in watched.pids:
            os.kill(pid, signal.SIGSTOP)
        support.wait_until(lambda: all(support.state(p) == "T" for p in watched.pids), "the tree to stop")
        before = watched.counters()
        report = support.dump(watched.pid, f"--stop={mode}", "--samples", "1")
        for process in support.processes(report).values():
            assert process["state"].startswith("T") or "stop" in process["state"].lower(), process
            assert process["threads"][0]["frames"], "a stopped thread has a stack like any other"
        for pid in watched.pids:
            assert support.status(pid, "TracerPid") == "0"
            assert all(support.state(pid, t) == "T" for t in support.tasks(pid))
        assert watched.counters() == before
        for pid in watched.pids:
            os.kill(pid, signal.SIGCONT)
        watched.assert_unharmed()


@pytest.mark.parametrize("mode", ["auto", "always"])
def test_uninterruptible(mode, store):
    """A thread that cannot be stopped is neither waited for nor left with a tracer."""
    with support.target([support.program("noharm", "dstate", why=WHY)]) as target:
        support.wait_until(lambda: support.state(target.pid) == "D", "the parent of vfork() to sleep")
        report = support.dump(target.pid, f"--stop={mode}", "--samples", "1", codes=(0, 3), timeout=20)
        thread, = support.processes(report)[target.pid]["threads"]
        assert thread["stopped_us"] == 0, thread
        assert support.state(target.pid) == "D"
        assert support.status(target.pid, "TracerPid") == "0"


# Two threads sleep in calls that go on as restart_syscall when they are interrupted, one runs.
BUSY_PYTHON = """
import threading, time
locks = [threading.Lock() for _ in range(2)]
for lock in locks:
    lock.acquire()
    threading.Thread(target=lock.acquire, kwargs={"timeout": 3600}, daemon=True).start()
def spin():
    while True:
        sum(range(1000))
threading.Thread(target=spin, daemon=True).start()
time.sleep(0.2)
print("READY", flush=True)
locks[0].acquire(timeout=3600)
"""


def test_a_busy_python_disturbs_no_sleeper(store):
    """A view of one moment needs the running thread held, and nobody else."""
    with support.target(["/usr/bin/python3", "-c", BUSY_PYTHON]) as target:
        def calls():
            return {t: support.syscall(target.pid, t) for t in support.tasks(target.pid)}
        support.wait_until(lambda: sum(c not in (None, "running", "-1") for c in calls().values()) == 3,
                           "three threads to sleep")
        before = {t: c for t, c in calls().items() if c not in (None, "running", "-1")}
        for _ in range(3):
            report = support.dump(target.pid, "--interval", "20ms")
            for tid, thread in support.threads(report).items():
                assert (thread["stopped_us"] == 0) == (tid in before), thread
        assert {t: calls()[t] for t in before} == before


@contextlib.contextmanager
def usr1(folder, handlers, defaults, blocked):
    out = folder / "dumps"
    counts = [str(n) for n in (handlers, defaults, blocked)]
    with support.target([support.program("noharm", "usr1", why=WHY), str(out), *counts]) as target:
        yield target, out


def dumps(out):
    return [int(line.split()[1]) for line in out.read_text().splitlines()]


def test_broadcast(tmp_path, store):
    with usr1(tmp_path, 10, 12, 0) as (target, out):
        pids = support.tree(target.pid)
        assert len(pids) == 23
        report = support.dump(target.pid, "--signal", "USR1", "--samples", "1")
        support.wait_until(lambda: len(dumps(out)) >= 10, "10 dumps")
        time.sleep(0.2)
        assert all(support.alive(p) for p in pids)
        rows = {row["pid"]: row for row in report["signals"]}
        assert len(report["signals"]) == 23 and rows.keys() == set(pids)
        sent = [pid for pid, row in rows.items() if row["sent"]]
        assert sorted(sent) == sorted(dumps(out)) and len(sent) == 10
        assert all(row["alive_after"] for row in rows.values())
        assert all(row["why"] for row in rows.values() if not row["sent"])


def test_blocked_is_not_sent(tmp_path, store):
    with usr1(tmp_path, 1, 1, 2) as (target, out):
        report = support.dump(target.pid, "--signal", "USR1", "--samples", "1")
        assert sum(row["sent"] for row in report["signals"]) == 1
        for pid in support.children(target.pid):
            assert support.status(pid, "ShdPnd") == "0" * 16


@pytest.mark.parametrize("options", [[], ["--signal", "auto"], ["--signal", "none"], ["--no-signal"]],
                         ids=lambda o: " ".join(o) or "default")
def test_nothing_is_sent_unasked(options, tmp_path, store):
    with usr1(tmp_path, 10, 12, 0) as (target, out):
        pids = support.tree(target.pid)
        report = support.dump(target.pid, *options, "--samples", "1")
        time.sleep(0.2)
        assert dumps(out) == []
        assert all(support.alive(p) for p in pids)
        assert not any(row["sent"] for row in report.get("signals", []))


def test_unknown_signal(store):
    result = support.hangwatch("dump", os.getpid(), "--signal", "NOSUCH")
    assert result.code == 2 and len(result.err.splitlines()) == 1, result
