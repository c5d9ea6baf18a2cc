"""Greenlets that are switched out, as they are read from outside, compared with what the program itself says."""

import reading


def account(report, pid):
    rows = [{"name": t["name"], "frames": reading.frames(t["frames"]), "object": int(t["object"], 0)}
            for t in reading.process(report, pid)["tasks"] if t["runtime"] == "greenlet"]
    return sorted(rows, key=lambda row: (row["name"], row["frames"]))


@reading.each(trio=False, have=["greenlet"])
def test_greenlets(env):
    """Through C functions, generators and other greenlets, in two threads; none that is over, new, or running."""
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
