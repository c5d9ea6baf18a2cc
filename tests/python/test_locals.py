"""Variables of frames with --locals, against what the program itself says about them."""

import sys

import pytest
import reading
import support

LOCALS = {"PYREAD_LOCALS": "1"}


def variables(frame):
    return {v["name"]: v["value"] for v in frame.get("locals", [])}


def found(report, pid):
    """{function: {variable: value}} of all frames of the program, a thread's and a task's."""
    process = reading.process(report, pid)
    rows = [f for owner in process["threads"] + process.get("tasks", []) for f in owner.get("frames", [])]
    return {f["function"].rsplit(".")[-1]: variables(f) for f in rows if (f.get("file") or "").endswith("locals.py")}


@reading.each(trio=False)
def test_values(env):
    with reading.program(env, "locals.py") as (target, truth):
        shown = found(reading.read(target.pid, env=LOCALS), target.pid)
        for function in ("values", "objects", "inner", "shares", "Body", "task"):
            own = {name: value for name, value in shown[function].items() if name != "told"}
            assert own == truth[function], function


@pytest.fixture(scope="module")
def program():
    """The same program once, on the system's own Python, for the whole of hangwatch."""
    with reading.program(reading.system(), "locals.py") as (target, _):
        yield target


QUICK = ["--samples", "1", "--no-signal", "--no-store"]


def test_off_by_default(program):
    shown = found(support.dump(program.pid, *QUICK), program.pid)
    assert shown["objects"] == {} and shown["task"] == {}
    assert b"hunter2" not in support.hangwatch("dump", program.pid, *QUICK).out


def test_redacted_by_word(program):
    options = ["--locals", "--redact-name", "PROJECT", "--redact-name", "quotes,letters"]
    shown = found(support.dump(program.pid, *QUICK, *options), program.pid)
    assert shown["objects"]["project_x"] == shown["values"]["quotes"] == shown["values"]["letters"] == "<redacted>"
    assert shown["values"]["text"] == '"it\'s"' and shown["objects"]["password"] == "<redacted>"


def test_redacted_all(program):
    result = support.hangwatch("dump", program.pid, *QUICK, "--locals", "--redact", "--json")
    shown = found(result.report, program.pid)
    assert len(shown["objects"]) > 20
    assert {value for values in shown.values() for value in values.values()} == {"<redacted>"}
    assert b"truth.json" not in result.out, "an argument of the command line"


@pytest.mark.parametrize("form", ["text", "html"])
def test_shown(program, form):
    text = support.hangwatch("dump", program.pid, *QUICK, "--locals", "--format", form).out.decode()
    if form == "text":    # the tree of tasks has their stacks only when asked for
        text += support.hangwatch("dump", program.pid, *QUICK, "--locals", "--tasks").out.decode()
    assert "small = 7" in text and "ticket = 17" in text
    assert ("password = <redacted>" if form == "text" else "password = &lt;redacted&gt;") in text
    for secret in ("hunter2", "s3cret"):
        assert secret not in text
    assert "\x1b[31m" not in text and "\u202e" not in text


def test_bounded():
    """More variables than are kept: a gap says so, and the frames are all there."""
    code = ("import sys, threading\n"
            "def f(n, a=1, b=2, c=3, d=4, e=5):\n"
            "    f(n - 1) if n else (print('READY', flush=True), threading.Event().wait())\n"
            "sys.setrecursionlimit(9000)\nthreading.stack_size(512 << 20)\n"
            "t = threading.Thread(target=f, args=(4000,))\nt.start()\nt.join()\n")
    with support.target([sys.executable, "-c", code]) as target:
        report = support.dump(target.pid, *QUICK, "--locals")
    deep = [f for t in report["processes"][0]["threads"] for f in t["frames"] if f.get("function") == "f"]
    assert len(deep) == 4001
    assert variables(deep[0]) == {"n": "0", "a": "1", "b": "2", "c": "3", "d": "4", "e": "5"}
    assert sum(len(variables(f)) for f in deep) <= 20000
    assert [g for g in report["gaps"] if "variables" in g["what"]]
