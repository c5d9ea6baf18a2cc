"""Compares hangwatch's native frames with gdb's and with what is known by construction.

As a program: agreement.py FILE writes the table of all builds to FILE (`make agreement`).
"""

import os
import sys
import tempfile
from dataclasses import dataclass, field

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import pytest

import builds
import oracle
import support


@dataclass
class Row:
    """One build, captured one way; the problems are what makes the test fail."""

    build: builds.Build
    mode: str
    threads: int = 0
    gdb_frames: int = 0
    agree: int = 0
    gdb_right: int = 0
    right: int = 0
    complete: int = 0
    stopped: int = 0
    trust: dict = field(default_factory=lambda: {"cfi": 0, "recovered": 0, "guessed": 0})
    problems: list = field(default_factory=list)


def measure(build, folder):
    """The rows of one build: captured without a stop, then with one, then looked at by gdb.

    gdb comes last: its stop makes calls return early, and a thread would be on its way back into them.
    """
    rows = []
    with builds.started(build, folder) as (pid, lines):
        # A sanitized tracer takes longer; how long is no matter here.
        patience = ["--stop-budget", "500ms"] if support.sanitizers() else []
        captures = [(mode, support.dump(pid, f"--stop={mode}", "--no-signal", "--no-store",
                                        "--samples", "1", *patience))
                    for mode in ("auto", "always")]
        gdb = oracle.gdb_frames(pid)
        maps = oracle.Maps(pid)
        symbols = oracle.Symbols(support.program("zoo", build.twin))
        truth = oracle.trails(lines)
        for mode, report in captures:
            rows.append(_compare(Row(build, mode), support.threads(report), gdb, maps, symbols, truth))
    return rows


def _compare(row, threads, gdb, maps, symbols, truth):
    for tid, (wait, trail) in sorted(truth.items()):
        row.threads += 1
        theirs = [pc for pc, _ in gdb.get(tid, [])]
        row.gdb_frames += len(theirs)
        gdb_right = symbols.own(theirs, maps) == trail
        row.gdb_right += gdb_right
        thread = threads.get(tid)
        if thread is None:
            row.problems.append(f"thread {tid} is missing in the report")
            continue
        _compare_thread(row, thread, theirs, gdb_right, maps, symbols, trail, running=wait == "running")
    return row


def _same(frame, pc, index, running, symbols, maps):
    """A running thread moves on between the two looks: only its function can be compared then."""
    ours = support.address(frame)
    if running and index == 0:
        return symbols.name(ours, maps) == symbols.name(pc, maps)
    return ours == pc


def _compare_thread(row, thread, theirs, gdb_right, maps, symbols, trail, running):
    where = f"{row.build.name}, --stop={row.mode}, thread {thread['tid']}"
    frames = support.native(thread)
    complete = thread.get("complete", False)
    row.complete += complete
    row.stopped += thread.get("stopped_us", 0) > 0
    for frame in frames:
        row.trust[frame["trust"]] += 1

    same = 0
    while (same < min(len(frames), len(theirs))
           and _same(frames[same], theirs[same], same, running, symbols, maps)):
        same += 1
    row.agree += same

    own = symbols.own([support.address(f) for f in frames], maps)
    right = own == trail
    row.right += right

    # What may be claimed: the frames of gdb where it is right, else the functions of the trail.
    trusted = next((i for i, f in enumerate(frames) if f["trust"] != "cfi"), len(frames))
    if gdb_right:
        if same < trusted:
            beyond = "nothing" if same >= len(theirs) else f"{theirs[same]:#x}"
            row.problems.append(f"{where}: frame {same} is marked cfi, but is wrong: {frames[same]}; "
                                f"gdb has {beyond}")
    else:
        claimed = symbols.own([support.address(f) for f in frames[:trusted]], maps)
        if claimed != trail[:len(claimed)]:
            row.problems.append(f"{where}: marked cfi {claimed}, but it is {trail}")
    if complete and not right:
        row.problems.append(f"{where}: said to be complete, but is {own} and not {trail}")
    if complete and gdb_right and len(frames) < len(theirs):
        row.problems.append(f"{where}: said to be complete with {len(frames)} of {len(theirs)} frames")

    if row.build.exact:
        if not right or not complete:
            row.problems.append(f"{where}: {'complete' if complete else 'incomplete'}: {own} and not "
                                f"{trail}")
        elif gdb_right and same != len(theirs):
            row.problems.append(f"{where}: {same} of gdb's {len(theirs)} frames")
    _check_names(row, where, frames, maps, symbols)


def _check_names(row, where, frames, maps, symbols):
    """A name that is printed must be the right one. No name at all is no lie."""
    for i, frame in enumerate(frames):
        pc = support.address(frame)
        name = symbols.name(pc if i == 0 else pc - 1, maps)
        printed = frame.get("function")
        if name and printed and name not in printed:
            row.problems.append(f"{where}: frame {i} is {name}, but is printed as {printed}")
        if name and not printed and row.build.program == row.build.twin:
            row.problems.append(f"{where}: frame {i} is {name}, but has no name")


HEADER = """# Agreement of native stacks

Every program of the zoo (tests/zoo) was captured twice by hangwatch, without a stop (`--stop=auto`) and with
one (`--stop=always`), then looked at by gdb. Written by `make agreement`.

- *agree*: frames, counted from the innermost one, that are equal to gdb's physical frames (inlined and
  tail-call frames are left out), of all that gdb saw.
- *right*, *gdb right*: threads whose functions are those that the program itself announced, of all threads.
- *cfi*, *recovered*, *guessed*: frames by the trust that the report gives them. No frame marked `cfi` was wrong.

"""


def table(rows):
    columns = ("build", "mode", "agree", "right", "gdb right", "complete", "cfi", "recovered", "guessed",
               "threads stopped", "note")
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for r in rows:
        cells = (r.build.name, r.mode, f"{r.agree}/{r.gdb_frames}", f"{r.right}/{r.threads}",
                 f"{r.gdb_right}/{r.threads}", f"{r.complete}/{r.threads}", r.trust["cfi"],
                 r.trust["recovered"], r.trust["guessed"], r.stopped, r.build.note)
        lines.append("| " + " | ".join(str(c) for c in cells) + " |")
    return "\n".join(lines) + "\n"


def others(path):
    """What other programs wrote into the page: everything from its first chapter on."""
    try:
        with open(path, encoding="utf-8") as f:
            text = f.read()
    except FileNotFoundError:
        return ""
    at = text.find("\n## ")
    return text[at:] if at >= 0 else ""


def main(path):
    rows = []
    skipped = []
    for build in builds.BUILDS:
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            try:
                rows += measure(build, folder)
            except pytest.skip.Exception as reason:
                skipped.append(f"- {build.name}: {reason}\n")
    problems = [p for r in rows for p in r.problems]
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        sys.exit("agreement: not written, see above")
    kept = others(path)
    with open(path, "w", encoding="utf-8") as f:
        f.write(HEADER + table(rows))
        if skipped:
            f.write("\nNot measured here:\n\n" + "".join(skipped))
        f.write(kept)


if __name__ == "__main__":
    main(sys.argv[1])
