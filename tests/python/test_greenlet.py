"""Greenlets that are switched out, as they are read from outside, compared with what the program itself says."""

import pytest
import reading


def account(report, pid):
    rows = [{"name": t["name"], "frames": reading.frames(t["frames"]), "object": int(t["object"], 0)}
            for t in reading.process(report, pid)["tasks"] if t["runtime"] == "greenlet"]
    return sorted(rows, key=lambda row: (row["name"], row["frames"]))


def need_lists(env):
    if reading.free_threaded(env):
        pytest.skip("a free-threaded build keeps no list of objects, and greenlet 3.2 itself crashes on it with two threads")


@reading.each(trio=False, have=["greenlet"])
def test_greenlets(env):
    """Through C functions, generators and other greenlets, in two threads; none that is over, new, or running."""
    need_lists(env)
    with reading.program(env, "greens.py", "greenlet") as (target, truth):
        report = reading.read(target.pid)
        assert not reading.gaps(report)
        assert len(truth) > 10
        assert account(report, target.pid) == truth


@reading.each(trio=False, have=["gevent"])
def test_gevent(env):
    """Those that wait on gevent's hub, which runs in the main thread."""
    with reading.program(env, "greens.py", "gevent") as (target, truth):
        report = reading.read(target.pid)
        assert not reading.gaps(report)
        assert [t["name"] for t in truth].count("Greenlet worker") == 3
        assert account(report, target.pid) == truth


def wrong(rows):
    """What no moment of greens_busy.py can show: a stack that is no run() > down()… > leaf(), or more than there are."""
    found = [] if 5 <= len(rows) <= 32 else [f"{len(rows)} greenlets"]
    for row in rows:
        functions = [f[0] for f in row["frames"]]
        if functions[0] == "<module>":
            continue    # the main one, while another runs
        below = functions[1:-1]
        if functions[0] != "run" or functions[-1] != "leaf" or set(below) != {"down"} or len(below) > 12:
            found.append(functions)
    return found


@reading.each(trio=False, have=["greenlet"])
def test_busy(env):
    """While they are switched to and end: right, or said to be partial. A free-threaded build says that it cannot tell."""
    with reading.program(env, "greens_busy.py") as (target, _):
        for _ in range(reading.turns(8)):
            report = reading.read(target.pid)
            assert reading.gaps(report) or not wrong(account(report, target.pid))
            assert bool(reading.facts(report, "greenlets_unread")) == bool(reading.gaps(report))


@reading.each(trio=False, have=["greenlet"])
def test_corrupt(env):
    """Bits that flip while they are read cost what they belong to, never the report."""
    need_lists(env)
    with reading.program(env, "greens.py", "greenlet") as (target, truth):
        most = 0
        for seed in range(reading.turns(8)):
            rate = (2, 10, 50, 300)[seed % 4]
            report = reading.read(target.pid, "--corrupt", rate, seed)
            rows = reading.process(report, target.pid).get("tasks", [])
            assert len(rows) <= 2 * len(truth)
            most = max(most, len(rows))
        assert most >= len(truth) // 2, "one bad read in 300 costs no more than a list of the collector"
