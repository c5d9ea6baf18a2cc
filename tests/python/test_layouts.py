"""The tables of CPython's layouts against the interpreters that are here."""

import pathlib
import re
import subprocess
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = TOP / "scripts/gen-cpython-layouts"
TABLES = TOP / "runtimes/cpython/layouts"

# Types that modules keep to themselves: no header has them.
OWN = ["PyAsyncGenASend", "PyAsyncGenAThrow", "PyCoroWrapper", "Partial", "Local", "Lock", "RLock", "Deque", "Epoll",
       "Socket", "FutureObj", "TaskObj", "TaskStepMethWrapper", "FutureIter"]


def test_tables_fit_the_interpreters():
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True)
    if done.returncode == 77:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr
    assert ": compared" in done.stdout


def offsets(name):
    """{member: offset} of a table; the size of a Task has a thread's id more in free-threaded builds."""
    text = (TABLES / f"layout_{name}.c").read_text()
    found = re.findall(r"^\t\.(\w+) = (?:\{ )?(-?\d+)[,\w ]*(?: \})?,$", text, re.M)
    return {member: int(value) for member, value in found if not member.endswith("_sizeof") or member == "PyObject_sizeof"}


@pytest.mark.parametrize("minor", ["3_13", "3_14", "3_15"])
def test_free_threaded_objects_are_moved(minor):
    """What a derived table stands on: of these types nothing but the head differs. Of 3.13 both tables were read from
    debug information."""
    ordinary, free_threaded = offsets(minor), offsets(f"{minor}t")
    grown = free_threaded["PyObject_sizeof"] - ordinary["PyObject_sizeof"]
    members = [m for m in ordinary if m.split("_")[0] in OWN]
    assert grown == 16 and len(members) > 40
    for member in members:
        was = ordinary[member]
        assert free_threaded[member] == (was + grown if was >= 0 else was), member
