"""Our Python frames against py-spy's, thread by thread, on programs that hang.

    pyspy.py FILE    compares on all programs and writes the table to FILE (part of `make agreement`)

Programs that never stand still are left out: two tools look at two moments. py-spy looks without a pause, so neither tool
changes what the other sees."""

import contextlib
import dataclasses
import json
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import hanglib      # noqa: E402
import reading      # noqa: E402
import support      # noqa: E402

PYSPY = hanglib.OUT / "venv/bin/py-spy"

# Those that move all the time, those that start no Python themselves, and what is no program.
NOT_HANGING = {"spin_flag", "slow_cpu_python", "hang", "siblings"}
OF_STATES = ["in_after_fork", "in_atexit", "in_last_join", "in_last_del", "with_foreign_threads", "traced", "finished",
             "in_nested_interpreter", "between_fork_and_handler"]
OF_PROGRAMS = ["frames_chain.py", "trio_blocked.py", "trio_threads.py", "locals.py"]

# Where py-spy says something else, and why ours is right. A difference anywhere else is an error, and so is none here.
EXPLAINED = {
    "states.py in_nested_interpreter": "two interpreters on one thread: py-spy shows the frames of the inner one alone",
    "states.py between_fork_and_handler": "py-spy gives the child's frames to the parent's thread, whose id the interpreter "
                                          "still has",
    "frames_chain.py": "py-spy ends without any stack when one is deeper than 4,096 frames",
}


@dataclasses.dataclass
class Row:
    program: str
    threads: int = 0
    frames: int = 0
    equal: int = 0
    differences: list = dataclasses.field(default_factory=list)


def missing():
    """Why nothing can be compared, or None."""
    if not PYSPY.exists():
        return f"no {PYSPY} (scripts/setup)"
    if sys.version_info >= (3, 14):
        return "this py-spy knows no Python newer than 3.13"
    return None


def programs():
    """Names, to be given to hanging()."""
    hangs = sorted(p.stem for p in (HERE.parent / "hangs").glob("*.py") if p.stem not in NOT_HANGING)
    return hangs + [f"states.py {kind}" for kind in OF_STATES] + OF_PROGRAMS


@contextlib.contextmanager
def hanging(name):
    """Starts it on the system's Python; its root's pid once it hangs."""
    program, *arguments = name.split()
    if not program.endswith(".py"):
        with hanglib.Hang([hanglib.TRIO_PYTHON, HERE.parent / "hangs" / f"{program}.py"]) as hang:
            yield hang.pid
    elif program == "states.py":
        with support.target([str(hanglib.TRIO_PYTHON), "-B", str(reading.PROGRAMS / program), *arguments]) as target:
            yield target.pid
    else:
        with reading.program(reading.system(), program) as (target, _):
            yield target.pid


def our_frames(pid):
    """{(pid, tid): frames} of all processes of the tree, innermost first. Threads without Python frames are left out."""
    report, stderr, code = hanglib.dump(pid, options=["--samples", "1", "--no-signal"])
    assert code in (0, 3), stderr
    found = {}
    for process in report["processes"]:
        for thread in process["threads"] if not process.get("outside") else []:
            frames = [[f["function"], f["file"], f.get("line")] for f in thread.get("frames", [])
                      if f["kind"] == "python"]
            if frames:
                found[process["pid"], thread["tid"]] = frames
    return found


def their_frames(pids):
    """The same by py-spy. A process that has no Python, or that it fails on, has none."""
    found = {}
    for pid in pids:
        done = subprocess.run([PYSPY, "dump", "--json", "--nonblocking", "--pid", str(pid)], capture_output=True,
                              text=True, timeout=hanglib.DUMP_TIMEOUT)
        for thread in json.loads(done.stdout) if done.returncode == 0 else []:
            frames = [[f["name"], f["filename"], f["line"]] for f in thread["frames"]]
            if frames:
                found[pid, thread["os_thread_id"]] = frames
    return found


def at_rest(pid):
    return all(support.state(p, t) in ("S", "T") for p in support.tree(pid) for t in support.tasks(p))


def measure(name):
    row = Row(name)
    with hanging(name) as pid:
        support.wait_until(lambda: at_rest(pid), "everybody sleeps or is stopped")
        ours = our_frames(pid)
        theirs = their_frames(support.tree(pid))
    for thread in sorted({*ours, *theirs}):
        mine, other = ours.get(thread, []), theirs.get(thread, [])
        row.threads += 1
        row.frames += len(mine)
        row.equal += sum(a == b for a, b in zip(reversed(mine), reversed(other)))
        if mine != other:
            row.differences.append(f"thread {thread[1]} of {thread[0]}:\n  ours    {mine}\n  py-spy  {other}")
    return row


def problem(row):
    """What speaks against the row, or None."""
    if bool(row.differences) == (row.program in EXPLAINED):
        return None
    return "\n".join(row.differences) or "no difference, though one is explained"


HEADER = """# Agreement of Python frames

Programs that hang (tests/hangs, tests/python/programs), looked at by hangwatch and by py-spy {version}, on Python {python}: frames
whose function, file and line are equal, counted from the outermost, of all that hangwatch shows. Written by `make agreement`.

| program | threads | frames | equal | why not all |
|---|---|---|---|---|
"""


def main(path):
    why = missing()
    if why:
        sys.exit(f"agreement: {why}")
    rows = []
    for name in programs():
        try:
            rows.append(measure(name))
        except (hanglib.Skip, pytest.skip.Exception) as reason:
            print(f"agreement: {name}: {reason}", file=sys.stderr)
    wrong = [f"{row.program}: {problem(row)}" for row in rows if problem(row)]
    if wrong:
        sys.exit("\n".join(wrong))
    version = subprocess.run([PYSPY, "--version"], capture_output=True, text=True).stdout.split()[-1]
    with open(path, "w", encoding="utf-8") as out:
        out.write(HEADER.format(version=version, python=sys.version.split()[0]))
        for row in rows:
            why = EXPLAINED.get(row.program, "")
            out.write(f"| {row.program} | {row.threads} | {row.frames} | {row.equal} | {why} |\n")


if __name__ == "__main__":
    main(sys.argv[1])
