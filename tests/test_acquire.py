"""What is taken of processes in states that are rare and matter: see tests/acquire/states.c."""

import contextlib
import os
import shutil
import signal
import subprocess

import pytest

import support

support.need_hangwatch()


@contextlib.contextmanager
def state(name, *more, **how):
    path = support.program("acquire", "states")
    with support.target([path, name, *more], **how) as target:
        yield target


@pytest.fixture
def nobody(tmp_path):
    """The words that run a program as an unprivileged user, and its environment."""
    support.need_root("to become an unprivileged user")
    words = [support.need_command("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups",
             "--inh-caps=-all", "--bounding-set=-all"]
    if subprocess.run([*words, "test", "-x", support.HANGWATCH]).returncode != 0:
        pytest.skip(f"an unprivileged user may not execute {support.HANGWATCH}")
    return words, {**os.environ, "XDG_STATE_HOME": "/nonexistent"}


def one(report, pid):
    return support.processes(report)[pid]


def names(thread):
    return [f.get("function") for f in thread.get("frames", []) if f["kind"] == "native"]


def test_leader_ended(store):
    """The process lives on in its other thread, although /proc shows it as a zombie."""
    with state("leader-ended") as target:
        support.wait_until(lambda: support.state(target.pid) == "Z", "the leader to end")
        process = one(support.dump(target.pid, "--samples", "1"), target.pid)
        assert process.get("exit") is None
        other = [t for t in process["threads"] if t["tid"] != target.pid]
        assert len(other) == 1
        assert "sleep_in_read" in names(other[0]) and other[0]["complete"], other[0]
        assert other[0]["syscall"]["name"] == "read"
        # Its descriptors, program and command line are to be had through that thread only.
        assert process["exe"].endswith("states") and "leader-ended" in process["cmdline"]
        assert len(process["fds"]) >= 5


# A thread that is to stop must come to run first, and on a loaded machine that takes its time.
PATIENT = ("--stop-budget", "2s")


def test_busy_and_parked(store):
    """A busy thread has a stack, by a short stop in every sample; the one that sleeps is never stopped."""
    with state("spin") as target:
        process = one(support.dump(target.pid, "--samples", "3", "--interval", "50ms", *PATIENT), target.pid)
        busy = [t for t in process["threads"] if t["tid"] != target.pid][0]
        parked = [t for t in process["threads"] if t["tid"] == target.pid][0]
        assert busy["activity"] == "busy" and busy["taken"] == "ptrace", busy
        assert busy["stopped_us"] > 0
        assert names(busy)[0] == "spin_here"
        assert len(busy["samples"]) == 3
        assert len({s["stack"] for s in busy["samples"]}) == 1, busy["samples"]
        assert parked["activity"] == "parked" and parked["taken"] == "proc", parked
        assert parked["stopped_us"] == 0
        assert len(parked["samples"]) == 3
        assert support.state(target.pid, busy["tid"]) == "R"


def test_running_and_no_stop(store):
    """Without a stop a running thread has no stack, and the report says what would show it."""
    with state("spin") as target:
        report = support.dump(target.pid, "--samples", "1", "--stop=never", codes=(3,))
        busy = [t for t in one(report, target.pid)["threads"] if t["tid"] != target.pid][0]
        assert not names(busy)
        gaps = [g for g in report["gaps"] if g.get("about") == busy["id"]]
        assert gaps and gaps[0]["hole"] and "--stop" in gaps[0]["fix"], report["gaps"]


def test_sibling_of_hangwatch(store):
    """hangwatch, started from the tree that it looks at, is not part of the picture."""
    report = support.dump(os.getpid(), "--samples", "1", codes=(0, 3))
    assert os.getpid() in support.processes(report)
    assert not any("hangwatch dump" in (p.get("cmdline") or "") and p["ppid"] == os.getpid()
                   for p in report["processes"])


def test_undumpable(nobody, store):
    """A process that asked not to be looked at is a row and a gap with the reason; its parent is seen."""
    words, env = nobody
    path = support.program("acquire", "states")
    with support.target([*words, "sh", "-c", f"'{path}' undumpable & wait"], env=env) as target:
        support.wait_until(lambda: support.children(target.pid), "the child")
        report = support.dump(target.pid, "--samples", "1", "--no-store", prefix=words, env=env, codes=(3,))
        child = one(report, support.children(target.pid)[0])
        gaps = [g for g in report["gaps"] if g.get("about") == child["id"] and g["hole"]]
        assert any("dumpable" in g["why"] for g in gaps), report["gaps"]
        assert child["state"] == "S" and child["uid"] == 65534
        assert one(report, target.pid)["threads"][0]["complete"]


def test_32bit(store):
    """Its calls have other numbers: better none than the name of another one."""
    path = support.program("acquire", "i386")
    try:
        subprocess.run([path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=0.1)
    except OSError as error:
        pytest.skip(f"this kernel runs no 32-bit programs: {error}")
    except subprocess.TimeoutExpired:
        pass
    with support.target([path]) as target:
        for mode in ("auto", "always"):
            report = support.dump(target.pid, "--samples", "1", f"--stop={mode}", codes=(3,))
            process = one(report, target.pid)
            assert "syscall" not in process["threads"][0], process["threads"][0]
            assert not any(names(process["threads"][0]))
            assert [g for g in report["gaps"] if g.get("about") == process["id"] and g["hole"] and "32-bit" in g["what"]]


def need_state(name, what):
    """Skips the test where the kernel does not give a process what it needs for that state."""
    path = support.program("acquire", "states")
    probe = subprocess.Popen([path, name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    said = probe.stdout.readline().strip()
    support.end_tree(probe.pid, probe)
    if said == "SKIP":
        pytest.skip(f"{what} is not to be had here")


@pytest.fixture
def no_leak_check(monkeypatch):
    """LeakSanitizer stops all threads at the end, and would wait for one that blocks for ever as long as that does."""
    if support.sanitizers():
        monkeypatch.setenv("ASAN_OPTIONS", os.environ["ASAN_OPTIONS"] + ":detect_leaks=0")


def test_pages_that_never_come(store, no_leak_check):
    """What is read ahead of a process may block for ever: the report comes all the same, whole."""
    need_state("unanswered", "userfaultfd")
    with state("unanswered") as target:
        pids = support.tree(target.pid)
        report = support.dump(target.pid, "--samples", "1")
        assert len(pids) == 3 and set(pids) == set(support.processes(report))
        for thread in support.threads(report).values():
            assert thread["complete"] and {"poll_page", "sleep_in_read"} & set(names(thread)), thread


def test_command_line_that_never_comes(store, tmp_path, no_leak_check):
    """A process whose command line blocks its readers is known by its other names, and keeps its stack."""
    need_state("silent", "userfaultfd or PR_SET_MM_MAP")
    path = shutil.copy(support.program("acquire", "states"), tmp_path / f"silent{os.getpid()}")
    with support.target([path, "silent"]) as target:
        process = one(support.dump(target.pid, "--samples", "1"), target.pid)
        assert process["name"] == path.name and "cmdline" not in process
        assert "sleep_in_read" in names(process["threads"][0])
        by_name = support.hangwatch("dump", "--name", path.name, "--json", "--samples", "1")
        assert by_name.code == 0 and target.pid in support.processes(by_name.report), by_name


@pytest.mark.parametrize("mode", ["auto", "always"])
def test_worker_of_the_kernel(mode, store):
    """io_uring's threads are in the process but run in the kernel only: no call, no stack to miss, nothing to stop."""
    need_state("uring", "io_uring")
    with state("uring") as target:
        for sleeps in (False, True):
            if sleeps:
                support.wait_until(lambda: support.all_blocked([target.pid]), "it to have polled enough")
            report = support.dump(target.pid, "--samples", "1", f"--stop={mode}")
            worker = next(t for t in one(report, target.pid)["threads"] if t["tid"] != target.pid)
            assert not worker.get("syscall") and worker["stopped_us"] == 0, worker
            assert not names(worker)


def test_title(store):
    with state("title", "some", "more", "arguments") as target:
        assert one(support.dump(target.pid, "--samples", "1"), target.pid)["name"] == "worker: job 7"


def test_coroutine(store):
    """A stack in the middle of a mapping: what lies behind it is not its business."""
    with state("coroutine") as target:
        support.wait_until(lambda: support.state(target.pid) == "S", "it to sleep")
        thread = one(support.dump(target.pid, "--samples", "1"), target.pid)["threads"][0]
        assert [n for n in names(thread) if n in ("sleep_in_read", "on_stack")] == ["sleep_in_read", "on_stack"]


def test_deep_stack(store):
    """Megabytes of stack: the innermost frames, bounded, and said to be cut or complete."""
    with state("deep") as target:
        report = support.dump(target.pid, "--samples", "1", codes=(0, 3))
        thread = one(report, target.pid)["threads"][0]
        # Below it is the C library's read(), of one frame or, from glibc 2.41, of three.
        assert names(thread)[:5].count("sleep_in_read") == 1
        assert sum(n is not None and n.startswith("recurse") for n in names(thread)) > 100
        assert thread["complete"] or any(g.get("about") in (thread["id"], one(report, target.pid)["id"])
                                         for g in report["gaps"])


def test_zombies(store):
    with state("zombies") as target:
        pids = [int(p) for p in target.lines[0].split()]
        report = support.dump(target.pid, "--samples", "1")
        ends = [support.processes(report)[p]["exit"] for p in pids]
        assert [(e["code"], e["signal"]) for e in ends] == [(7, None), (0, None), (None, signal.SIGTERM)]
        assert all(e["reaped_by"] is None for e in ends)
        assert all(support.processes(report)[p]["state"] == "Z" for p in pids)
        parent = one(report, target.pid)
        zombies = [f for f in report["facts"] if f["about"] == parent["id"] and "not waited for" in f["text"]]
        assert len(zombies) == 1 and zombies[0]["text"].startswith("3 ")


def test_forked_and_executed(store):
    with support.target(["sh", "-c", "sleep 1000 & (read x) < /dev/zero & echo READY; wait"]) as target:
        support.wait_until(lambda: any(support.read_text(f"/proc/{p}/cmdline").startswith("sleep")
                                       for p in support.children(target.pid)), "sleep to start")
        children = [p for p in support.processes(support.dump(target.pid, "--samples", "1", codes=(0, 3))).values()
                    if p["ppid"] == target.pid]
        executed = [p for p in children if p["name"] == "sleep"]
        assert executed and executed[0]["forked_not_execed"] is False
        forked = [p for p in children if p["name"] != "sleep"]
        assert forked and all(p["forked_not_execed"] is True for p in forked)


def test_signal_masks(store):
    with state("ignored") as target:
        report = support.dump(target.pid, "--samples", "1")
        texts = [f["text"] for f in report["facts"] if f["source"].endswith("status")]
        assert any("USR1" in t.split() for t in texts), texts  # others may have come in ignored
        assert any("HUP" in t.split() for t in texts), texts
        assert sum(t.split() == ["USR2"] for t in texts) >= 2, texts  # blocked and pending


@pytest.mark.parametrize("stop", ["auto", "always"])
def test_nothing_is_left_behind(stop, store):
    """No tracer, no stop, no child of hangwatch, whatever was asked."""
    with state("spin") as target:
        support.dump(target.pid, "--samples", "2", "--interval", "10ms", f"--stop={stop}", *PATIENT)
        for tid in support.tasks(target.pid):
            assert support.status(f"{target.pid}/task/{tid}", "TracerPid") == "0"
            assert support.state(target.pid, tid) in "RS"


@pytest.mark.parametrize("call", ["poll", "clock_nanosleep", "nanosleep", "futex"])
def test_interrupted_call(call, store):
    """After a stop and SIGCONT, or another tool's look, the call goes on under another number. Its timeout began before."""
    with state("sleep", call) as target:
        support.wait_until(lambda: support.state(target.pid) == "S", "it to sleep")
        os.kill(target.pid, signal.SIGSTOP)
        support.wait_until(lambda: support.state(target.pid) == "T", "it to stop")
        os.kill(target.pid, signal.SIGCONT)
        support.wait_until(lambda: support.state(target.pid) == "S", "it to sleep again")
        assert support.syscall(target.pid, target.pid) == "219"
        report = support.dump(target.pid, "--samples", "1")
        thread = one(report, target.pid)["threads"][0]
        assert thread["syscall"]["name"] == call, thread["syscall"]
        assert "wakes in" not in thread["syscall"]["text"], thread["syscall"]
        assert report["verdict"]["class"] == "TIMER" and report["verdict"]["can_end"] == "timer", report["verdict"]
