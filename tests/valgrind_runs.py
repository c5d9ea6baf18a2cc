"""The whole program under valgrind's memcheck: `make valgrind` runs this after the unit tests; check does not.

Reports are made, shown, exported, compared and removed; small trees are captured with all the processes that takes:
readers, tracer, decoder. Every one of them is watched, and writes what memcheck finds to a file of its own.

What valgrind (3.19) does not emulate takes the ways that old kernels take: pidfd_open (identity is checked by start
time), openat2 (files are opened by path), close_range, and seccomp, so that the decoder runs without its filter. The
sanitized build has all of these (scripts/check --all). Captures are slow here: holes for want of time are no failure.
"""

import os
import sys

import pytest

import hanglib
import support

support.need_hangwatch()
VALGRIND = [support.need_command("valgrind"), "-q", "--error-exitcode=9", "--leak-check=no", "--num-callers=20"]
FORMATS = ("html", "github", "perfetto", "speedscope", "json")
PARTS = ("--chain", "--tree", "--tasks", "--heavy", "--timeline", "--fds", "--all-frames", "--json")


def findings(folder):
    """What memcheck wrote, without its remarks on system calls that it does not know."""
    found = ""
    for name in sorted(os.listdir(folder)):
        lines = support.read_text(os.path.join(folder, name)).splitlines(True)
        found += "".join(line for line in lines if line.startswith("=="))
    return found


@pytest.fixture
def under(tmp_path):
    """Runs hangwatch under valgrind; exit codes are those that it may end with."""
    def run(*args, codes=(0,)):
        logs = tmp_path / "logs"
        logs.mkdir(exist_ok=True)
        done = support.hangwatch(*args, prefix=[*VALGRIND, f"--log-file={logs}/%p"], timeout=300)
        assert not findings(logs), findings(logs)[:10000]
        assert done.code in codes, done
        return done
    return run


def keep_report(pid):
    """A report made at full speed; its id."""
    return support.dump(pid, "--samples", "2", "--interval", "50ms", codes=(0, 3))["id"]


@pytest.fixture
def reports(store):
    """A small tree and a larger one: 9 processes of 4 threads each, every one with a stack of its own."""
    with support.target([support.program("acquire", "states"), "zombies"]) as small, \
            support.target([support.program("levels", "levels"), "8", "4"]) as large:
        yield keep_report(small.pid), keep_report(large.pid)


def test_show(reports, under):
    for report in reports:
        under("show", report)
        under("show", report, "--reanalyse")
    for part in PARTS:
        under("show", reports[1], part)
    under("show", reports[0], "--explain", "P0")


def test_export(reports, under, tmp_path):
    for form in FORMATS:
        out = tmp_path / form
        under("export", reports[1], "--format", form, "-o", out)
        assert out.stat().st_size > 0


def test_list_diff_rm(reports, under):
    assert reports[0] in under("list").out.decode()
    under("diff", *reports, codes=(0, 1))
    under("rm", reports[0])
    under("show", reports[0], codes=(4,))


def test_damaged(reports, store, under):
    path = store / "hangwatch" / f"{reports[1]}.hang"
    whole = path.read_bytes()
    for damaged in (whole[:len(whole) // 2], whole[:100] + b"\0" * 50 + whole[150:], b"", b"{}"):
        path.write_bytes(damaged)
        under("show", path, codes=(1,))


def test_doctor(under):
    under("doctor", codes=(0, 1))


@pytest.mark.parametrize("state", ["zombies", "spin", "leader-ended"])
def test_dump(state, store, under):
    with support.target([support.program("acquire", "states"), state]) as target:
        under("dump", target.pid, "--samples", "2", "--interval", "50ms", codes=(0, 3))


@pytest.mark.parametrize("name", ["lock_abba.py", "trio_event_nobody.py", "aio_queue_full.py", "epoll_nested"])
def test_dump_hang(name, store, under):
    source = os.path.join(support.TOP, "tests/hangs", name)
    if name.endswith(".py"):
        why = hanglib.have_trio()
        if why and name.startswith("trio"):
            pytest.skip(why)
        argv = [hanglib.TRIO_PYTHON if name.startswith("trio") else sys.executable, source]
    else:
        argv = [support.program("hangs", name, why="build it with make hangs")]
    with hanglib.Hang(argv) as hang:
        under("dump", hang.pid, "--samples", "2", "--interval", "50ms", "--locals", codes=(0, 3))


def test_attach_and_run(store, under):
    with support.target([support.program("acquire", "states"), "zombies"]) as target:
        under("attach", target.pid, "--after", "200ms", "--once", "--samples", "1", codes=(0, 3))
    under("run", "--after", "100ms", "--samples", "1", "--", "sleep", "2")
