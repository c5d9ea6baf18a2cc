"""No false proof: of programs that are well and idle nothing may be claimed that would be a fault.

tests/hangs/healthy/services.py is the corpus, packages.txt beside it the Debian packages it can use.
HW_HEALTHY_TABLE names a file for the table of what was said; it is printed too (pytest -s).
"""

import os
import pathlib
import shutil
import sys
import tempfile

import pytest

import hanglib

sys.path.insert(0, str(hanglib.ROOT / "tests/hangs/healthy"))
import services  # noqa: E402

FAULTS = {"DEADLOCK", "LOST_PEER", "FULL_PIPE", "BUSY_LOOP", "LIVELOCK"}


@pytest.fixture(scope="module", autouse=True)
def built():
    hanglib.make("hangs")


@pytest.fixture(scope="module")
def table():
    rows = []
    yield rows
    if not rows:
        return
    text = "\n".join(f"{name:18} {cls:10} {certainty:9} {can_end:8} {sentence}"
                     for name, cls, certainty, can_end, sentence in sorted(rows)) + "\n"
    print("\n" + text)
    if os.environ.get("HW_HEALTHY_TABLE"):
        pathlib.Path(os.environ["HW_HEALTHY_TABLE"]).write_text(text)


@pytest.fixture
def running(request):
    home = pathlib.Path(tempfile.mkdtemp(prefix="hw-", dir="/tmp"))  # short: a socket's path is
    try:
        try:
            run = services.Running(request.param, home)
        except services.Missing as why:
            pytest.skip(str(why))
        with run:
            run.wait_until_idle()
            yield request.param, run
    finally:
        shutil.rmtree(home, ignore_errors=True)


every_service = pytest.mark.parametrize("running", services.SERVICES, indirect=True)


@every_service
def test_fixture_itself(running):
    """It is up, and (but for those whose nature it is) every thread of it sleeps."""
    name, run = running
    states = {hanglib.state_of(*task) for task in hanglib.tasks_below(run.pid)}
    assert states and states <= set("SRZt"), f"{states} {run.output()}"


@hanglib.needs_hangwatch
@every_service
def test_no_fault_is_claimed(running, table):
    name, run = running
    raw, stderr, status = hanglib.dump(run.pid)
    assert status in (0, 3), stderr
    report = hanglib.Report(raw)
    v = report.verdict
    table.append((name, v["class"], v.get("certainty", ""), v.get("can_end", ""), v.get("sentence", "")))
    wrong = report.broken_rules()
    if v["class"] in FAULTS:
        wrong.append(f"{v['class']} of a healthy program")
    if wrong:
        pytest.fail("\n".join([f"{name}:", *(f"  {w}" for w in wrong), report.text()]), pytrace=False)
