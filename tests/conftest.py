"""Fixtures of the whole-program tests; what they share besides is in support.py."""

import signal

import pytest

# A shell's background job, as CI may be one, has SIGINT and SIGQUIT ignored, and every program started here would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Reports of this test go to a directory of its own."""
    folder = tmp_path / "state"
    folder.mkdir()
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder
