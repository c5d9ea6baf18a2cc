"""The tree of the issue this project began with, made with real trio, in the ways it can hang.

Each variant is told from the others by its verdict and on its first screen, which is kept, with the
changing parts masked, in tests/golden/upstream-VARIANT.txt. HW_UPDATE_GOLDEN=1 writes these files.
"""

import os
import subprocess

import pytest

import hanglib
import masking

TREE = hanglib.ROOT / "tests/hangs/upstream/tree.py"
GOLDEN = hanglib.ROOT / "tests/golden"
VARIANTS = {
    "lost": ["lost"],
    "cascade": ["cascade"],
    "cascade-3-levels": ["cascade", "22", "3"],
    "listener": ["listener"],
    "zombie": ["zombie"],
    "stopped": ["stopped"],
}
pytestmark = pytest.mark.skipif(hanglib.have_trio() is not None, reason=str(hanglib.have_trio()))


@pytest.fixture
def tree(request):
    with hanglib.Hang([hanglib.TRIO_PYTHON, TREE, *VARIANTS[request.param]]) as hang:
        assert hang.faults() == [], "the tree does not hang as it should"
        yield request.param, hang


every_variant = pytest.mark.parametrize("tree", VARIANTS, indirect=True)


@every_variant
def test_fixture_itself(tree):
    _, hang = tree
    processes = {pid for pid, _ in hanglib.tasks_below(hang.pid)}
    assert len(processes) == (22 if tree[0] == "lost" else 23)
    leaks = [line.split() for line in hanglib.read(f"/proc/{hang.pid}/net/tcp").splitlines()[1:]]
    mine = {os.readlink(f"/proc/{hang.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{hang.pid}/fd")}
    unread = [w for w in leaks if w[3] == "08" and w[4].endswith(":00000001")
              and f"socket:[{w[9]}]" in mine]
    assert len(unread) >= 6, "no sockets in CLOSE_WAIT with an unread end of file"
    exes = {os.readlink(f"/proc/{pid}/exe") for pid in processes if hanglib.state_of(pid) != "Z"}
    assert len(exes) == 1, "somebody called exec"


@hanglib.needs_hangwatch
@every_variant
def test_verdict(tree):
    variant, hang = tree
    raw, stderr, status = hanglib.dump(hang.pid)
    assert status in (0, 3), stderr
    report = hanglib.Report(raw)
    if hang.line["expect"]["end"] is None:  # somebody of the cycle, whoever it is
        hang.line["expect"]["end"] = [{"pid": p} for p, _ in hanglib.tasks_below(hang.pid)]
    wrong = report.differences(hang.line) + report.broken_rules()
    if wrong:
        hanglib.shortfall(f"upstream-{variant}")
        pytest.fail("\n".join([f"{variant}:", *(f"  {w}" for w in wrong), report.text()]),
                    pytrace=False)


@hanglib.needs_hangwatch
@every_variant
def test_first_screen(tree):
    variant, hang = tree
    done = subprocess.run([hanglib.HANGWATCH, "dump", "--no-store", str(hang.pid)],
                          capture_output=True, text=True, timeout=hanglib.DUMP_TIMEOUT,
                          env={**os.environ, "NO_COLOR": "1", "LC_ALL": "C.UTF-8"})
    assert done.returncode in (0, 3), done.stderr
    screen = masking.first_screen(done.stdout)
    lines = screen.splitlines()
    assert len(lines) <= 40 and max(map(len, lines)) <= 100, "the first screen is 100 x 40"
    names = {pid: "leaf" for pid, _ in hanglib.tasks_below(hang.pid)}
    names.update({int(p): n for p, n in hang.line["names"].items()})
    names[hang.pid] = "root"
    screen = screen.replace(str(hanglib.TRIO_PYTHON), "<PYTHON>")
    masked = masking.mask(screen, names, hanglib.ROOT)
    kept = GOLDEN / f"upstream-{variant}.txt"
    if os.environ.get("HW_UPDATE_GOLDEN"):
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(masked)
    python = subprocess.run([hanglib.TRIO_PYTHON, "-V"], capture_output=True, text=True).stdout
    if "3.11." not in python:
        pytest.skip(f"kept for the frames of Python 3.11, and this is {python.strip()}")
    if not kept.exists():
        pytest.skip(f"no {kept.name} yet: HW_UPDATE_GOLDEN=1 writes it")
    assert masked == kept.read_text()
