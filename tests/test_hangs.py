"""Every program of tests/hangs hangs in one known way; hangwatch must say which.

    HANGWATCH=…        the program to test (build/hangwatch)
    HW_TRIO_PYTHON=…   a Python with trio (build/venv/bin/python, made by scripts/setup)
    HW_REPEAT=20       each program so many times
    HW_LOAD=1          with two busy processes beside it

test_fixture_itself needs no hangwatch: it asks /proc whether the program hangs where it says it does.
"""

import contextlib
import os
import re

import pytest

import hanglib

HERE = hanglib.ROOT / "tests/hangs"
C_PROGRAMS = sorted(p.stem for p in HERE.glob("*.c"))
PYTHON_PROGRAMS = sorted(p.stem for p in HERE.glob("*.py") if p.stem not in ("hang", "siblings"))
PROGRAMS = C_PROGRAMS + PYTHON_PROGRAMS
REPEAT = range(int(os.environ.get("HW_REPEAT", "1")))


@pytest.fixture(scope="module", autouse=True)
def built():
    hanglib.make("hangs")


@pytest.fixture(scope="module", autouse=True)
def busy_machine(built):
    with hanglib.load() if os.environ.get("HW_LOAD") else contextlib.nullcontext():
        yield


def argv_of(name):
    if name in C_PROGRAMS:
        return [hanglib.OUT / "tests/hangs" / name]
    source = HERE / f"{name}.py"
    if not re.search(r"^ *import (trio|greenlet|anyio)\b", source.read_text(), re.M):
        return ["/usr/bin/python3", source]
    if hanglib.have_trio():
        pytest.skip(hanglib.have_trio())
    return [hanglib.TRIO_PYTHON, source]


def settled(states):
    """Running and sleeping are one: some of them are switched in and out by nature."""
    return {pid: state.replace("R", "S") for pid, state in states.items()}


@contextlib.contextmanager
def hanging(name, tmp_path):
    try:
        hang = hanglib.Hang(argv_of(name), env={"TMPDIR": str(tmp_path)})
    except hanglib.Skip as why:
        pytest.skip(f"{name}: {why}")
    with hang:
        yield hang


@pytest.mark.parametrize("name", PROGRAMS)
def test_fixture_itself(name, tmp_path):
    with hanging(name, tmp_path) as hang:
        expect = hang.line["expect"]
        assert set(hanglib.as_list(expect["class"])) <= set(hanglib.CLASSES)
        assert set(hanglib.as_list(expect["certainty"])) <= set(hanglib.CERTAINTY)
        assert set(hanglib.as_list(expect["can_end"])) <= set(hanglib.CAN_END)
        assert not set(hanglib.as_list(expect["class"])) & set(expect["not"])
        assert hang.line["check"], "says nothing that /proc could confirm"
        assert hang.faults() == []
        assert not hang.strangers(), "somebody else could end this wait"


@hanglib.needs_hangwatch
@pytest.mark.parametrize("turn", REPEAT)
@pytest.mark.parametrize("name", PROGRAMS)
def test_verdict(name, turn, tmp_path):
    with hanging(name, tmp_path) as hang:
        assert hang.faults() == [], "the program does not hang as it should: nothing to test"
        before = settled(hang.alive())
        raw, stderr, status = hanglib.dump(hang.pid)
        assert status in (0, 3), stderr
        report = hanglib.Report(raw)
        wrong = report.differences(hang.line) + report.broken_rules()
        assert settled(hang.alive()) == before, "looking at it changed it"
        assert hang.faults() == [], "it does not hang there any more"
        if wrong:
            hanglib.shortfall(name)
            pytest.fail("\n".join([f"{name}:", *(f"  {w}" for w in wrong), report.text()]), pytrace=False)
