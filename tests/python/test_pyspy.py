"""Python frames against py-spy's: see pyspy.py. A few every day, all with HW_LONG=1."""

import os

import hanglib
import pyspy
import pytest

EVERYDAY = ["lock_abba", "trio_to_thread_stuck", "states.py in_last_del", "states.py between_fork_and_handler"]


@pytest.mark.parametrize("name", pyspy.programs() if os.environ.get("HW_LONG") else EVERYDAY)
def test_agreement(name):
    if pyspy.missing():
        pytest.skip(pyspy.missing())
    try:
        row = pyspy.measure(name)
    except hanglib.Skip as reason:
        pytest.skip(str(reason))
    assert row.frames
    assert pyspy.problem(row) is None, pyspy.problem(row)
