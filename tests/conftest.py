"""Fixtures of the whole-program tests; what they share besides is in support.py."""

import os
import pathlib
import shutil
import signal
import tempfile

import pytest

import support

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


# --- what a sanitizer finds ----------------------------------------------------------------------
#
# Most of the work is done by children: a decoder that dies of a finding is a gap in a report, which a test may
# well allow. So every process writes what it finds to a file, and no test with such a file has passed. The folder
# is open to all, for the decoder is nobody.

FINDINGS = None
if support.sanitizers():
    FINDINGS = pathlib.Path(tempfile.mkdtemp(prefix="hangwatch-findings-"))
    FINDINGS.chmod(0o1777)
    for options in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
        os.environ[options] = ":".join(filter(None, [os.environ.get(options), f"log_path={FINDINGS}/found"]))


def take_findings():
    """What was found since the last call."""
    found = ""
    for path in sorted(FINDINGS.iterdir()):
        found += f"--- {path.name}\n{support.read_text(path)}\n"
        path.unlink()
    return found


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item):
    found = take_findings() if FINDINGS else ""
    if found:
        pytest.fail(f"a sanitizer found:\n{found[:20000]}", pytrace=False)


def pytest_sessionfinish(session):
    """What was found when the last test was over, by a process that outlived it."""
    found = take_findings() if FINDINGS else ""
    if FINDINGS:
        shutil.rmtree(FINDINGS)
    if found:
        print(f"\nFAIL: a sanitizer found, after the last test:\n{found[:20000]}")
        session.exitstatus = 1
