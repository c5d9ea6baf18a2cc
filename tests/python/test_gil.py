"""Who holds the interpreter and who waits for it, also where interpreters have one each, and without a GIL who keeps all
others from going on."""

import contextlib
import time

import pytest
import reading
import support

LOOKS = 20    # a waiter wakes every 5 ms to ask again: one look may miss it


@contextlib.contextmanager
def hanging(env, state):
    argv = env.command("-B", "-W", "ignore", str(reading.PROGRAMS / "states.py"), state)
    inside = reading.envs.environment(env.interpreter.root is not None)
    with support.target(argv, env=inside) as target:
        time.sleep(0.5)
        yield target.pid


def gil(pid, wanted):
    """({holder}, {waiters}) by the functions that they are in, over as many looks as it takes to see `wanted` waiters."""
    holders, waiters = set(), set()
    for _ in range(LOOKS):
        report = reading.read(pid)
        threads = {t["id"]: t for t in report["processes"][0]["threads"]}
        running = {t["tid"]: [f["function"].rsplit(".")[-1] for f in t.get("frames", []) if f["kind"] == "python"]
                   for t in threads.values()}
        holders |= {tuple(running[f["value"]]) for f in reading.facts(report, "gil_holder")}
        waiters |= {threads[f["about"]]["tid"] for f in reading.facts(report, "gil_waiter")}
        if len(waiters) >= wanted:
            break
    return holders, {tuple(running[tid]) for tid in waiters}, len(waiters)


@reading.each(trio=False)
def test_kept_by_c(env):
    """Of four threads the one that sleeps in C has it, and the three others do not get it."""
    with hanging(env, "gil_in_c") as pid:
        holders, waiters, n = gil(pid, 3)
        if reading.free_threaded(env):
            assert not holders and not n
            return
        assert {frames[0] for frames in holders} == {"run"}, holders
        assert n == 3 and {frames[0] for frames in waiters} == {"spin", "wait"}, waiters


@reading.each(trio=False)
def test_own_gil(env):
    """The inner interpreter's is taken, the main one's is free; its thread holds and waits for nothing."""
    if reading.minor(env) < 12 or reading.free_threaded(env):
        pytest.skip("no GIL for each interpreter")
    with hanging(env, "own_gil") as pid:
        holders, waiters, n = gil(pid, 1)
        assert {frames[0] for frames in holders} == {"burn"}, holders
        assert n == 1 and {frames[0] for frames in waiters} <= {"spin", "wait"}, waiters


@reading.each(trio=False)
def test_shared_gil(env):
    """Threads of other interpreters that wait for the main one's. No fact is said twice."""
    if reading.minor(env) < 13 or reading.free_threaded(env):
        pytest.skip("no _interpreters.create(\"legacy\"), or no GIL")
    with hanging(env, "shared_gil") as pid:
        holders, waiters, n = gil(pid, 5)
        assert {frames[0] for frames in holders} == {"run"}, holders
        assert n == 5 and {frames[0] for frames in waiters} == {"spin", "wait", "<module>"}, waiters
        facts = reading.facts(reading.read(pid), "gil_holder")
        assert len(facts) == 1


@reading.each(trio=False)
def test_pause(env):
    """Without a GIL: the main thread waits for who does not pause, who has paused for the main thread, and the first for
    the second's mutex."""
    if not reading.free_threaded(env):
        pytest.skip("it has a GIL")
    with hanging(env, "pause_in_c") as pid:
        waits = {}
        for _ in range(LOOKS):
            report = reading.read(pid)
            names = {f["about"]: f["text"] for f in reading.facts(report, "thread_name")}
            by_tid = {t["tid"]: names.get(t["id"]) for t in reading.process(report, pid)["threads"]}
            waits |= {names.get(f["about"]): by_tid.get(f["value"])
                      for f in reading.facts(report, "python_awaits_thread")}
            askers = {names.get(f["about"]) for f in reading.facts(report, "world_waiter")}
            if askers and len(waits) > 1:
                break
            time.sleep(0.2)
        assert askers == {"MainThread"}
        assert waits == {"MainThread": "attached", "holder": "MainThread"}, waits
