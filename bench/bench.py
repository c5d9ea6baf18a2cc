"""How long hangwatch takes and how long it makes a target pause, beside the tools that do part of its work.

bench.py [--runs N] [--gdb-runs N] [--only native|scaling|python|analysis] [--json FILE]

All tools look at the same running processes, in one run of this program, turn by turn, so that what the machine
does besides falls on all alike. A tool that knows one process only is called for each. Per tool:

- wall: from its start to its end, all output written (hangwatch's report also to disk); median and spread
- CPU: what it used of all processors, its children's too: on a machine that others use as well the truer number
- pause: the longest time that a spinning thread of the target was not allowed to run (spin.c), measured in runs
  of its own, for a spinning thread takes one CPU from the tools
- syscalls, peak: counted by strace, and the greatest resident set of any process of the tool, in MiB (peak.c);
  each in a run of its own

The analysis, which no other tool has, is timed alone on snapshots made by hand (analysis.c).

It prints tables, asserts nothing, and looks only at processes that it started.
"""

import argparse
import contextlib
import json
import mmap
import os
import platform
import re
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HERE = os.path.join(TOP, "bench")
BUILD = os.path.join(TOP, os.environ.get("O", "build"))
HANGWATCH = os.path.join(TOP, os.environ.get("HANGWATCH", os.path.join(BUILD, "hangwatch")))
VENV = os.path.join(BUILD, "venv", "bin")
PEAK = os.path.join(BUILD, "bench", "peak")
LIBRARY = os.path.join(BUILD, "bench", "libspin.so")
DEADLINE_S = 120

# Neither debug files nor the network: these cost gdb a further factor, and say nothing about frames.
GDB = ["gdb", "-batch", "-nx", "-iex", "set auto-load off", "-iex", "set debuginfod enabled off",
       "-iex", "set debug-file-directory /nonexistent", "-ex", "thread apply all bt"]
ENV = {**os.environ, "DEBUGINFOD_URLS": ""}


# --- targets -------------------------------------------------------------------------------------


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def tree(pid):
    """A process and all below it."""
    found = [pid]
    for tid in os.listdir(f"/proc/{pid}/task"):
        for child in read(f"/proc/{pid}/task/{tid}/children").split():
            found += tree(int(child))
    return found


def thread_states(pids):
    return [read(f"/proc/{p}/task/{t}/stat").rsplit(")", 1)[1].split()[0]
            for p in pids for t in os.listdir(f"/proc/{p}/task")]


class Spinner:
    """The spinning thread's shared memory: see spin.c."""

    def __init__(self, path):
        with open(path, "r+b") as f:
            self.memory = mmap.mmap(f.fileno(), 16)

    def reset(self):
        self.memory[:16] = bytes(16)

    def pause_ms(self):
        return struct.unpack("@2Q", self.memory[:16])[1] / 1e6


@dataclass
class Target:
    pid: int
    pids: list
    spinner: Spinner


@contextlib.contextmanager
def started(argv, spin=False):
    """A running target; with spin, its first spinning thread is measured. It ends with its whole tree."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = os.path.join(folder, "spin")
        process = subprocess.Popen(argv + ([LIBRARY, path] if spin else []), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, start_new_session=True)
        try:
            if process.stdout.readline() != b"READY\n":
                raise RuntimeError(f"{argv} did not get ready")
            # Whoever holds the other end of a pipe belongs to hangwatch's report, and to no other tool's.
            process.stdout.close()
            pids = tree(process.pid)
            end = time.monotonic() + 60
            while sum(s != "S" for s in thread_states(pids)) > int(spin):
                if time.monotonic() > end:
                    raise RuntimeError(f"{argv} did not come to rest")
                time.sleep(0.05)
            yield Target(process.pid, pids, Spinner(path) if spin else None)
        finally:
            for pid in tree(process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()


# --- tools ---------------------------------------------------------------------------------------


@dataclass
class Tool:
    """A tool, as the commands that show one whole target, one after the other."""

    name: str
    commands: object
    runs: int
    count_frames: object = None
    # gdb tries out ptrace on a child of its own: it hangs where strace follows that child already.
    strace: tuple = ("strace", "-c", "-f")
    wall_ms: list = field(default_factory=list)
    cpu_ms: list = field(default_factory=list)
    pause_ms: list = field(default_factory=list)
    peak_mib: float = 0
    syscalls: int = 0
    frames: int = 0
    failed: str = ""


def run(argv, out):
    """Runs a command to its end: its exit status, what it said on stderr, its CPU time in milliseconds."""
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, env=ENV,
                               start_new_session=True)
    # Killed with all that it started: the pid is not reaped before the timer is off.
    timer = threading.Timer(DEADLINE_S, os.killpg, (process.pid, signal.SIGKILL))
    timer.start()
    err = process.stderr.read()
    process.stderr.close()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    timer.cancel()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, err.decode("utf-8", "replace"), (used.ru_utime + used.ru_stime) * 1e3


def once(tool, target, out):
    """One look at the whole target: milliseconds of wall and of CPU."""
    begin = time.perf_counter()
    cpu = 0
    for argv in tool.commands(target):
        code, err, used = run(argv, out)
        cpu += used
        if code != 0 and not tool.failed:
            tool.failed = f"exit {code}: {(err.strip().splitlines() or ['?'])[-1][:100]}"
    return (time.perf_counter() - begin) * 1e3, cpu


def measure(tools, argv, runs_with_spinner=3):
    """Every tool on the same target: alternating for the wall, then with a spinning thread for the pause."""
    with started(argv) as target, open(os.devnull, "wb") as null:
        print(f"  {len(target.pids)} processes, {len(thread_states(target.pids))} threads", file=sys.stderr)
        for tool in tools:
            # Once unmeasured, for the page cache; its output tells how much the tool has seen.
            with tempfile.TemporaryFile() as out:
                once(tool, target, out)
                out.seek(0)
                text = out.read().decode("utf-8", "replace")
                tool.frames = tool.count_frames(text) if tool.count_frames else 0
        for turn in range(max(t.runs for t in tools)):
            for tool in tools:
                if turn < tool.runs:
                    wall, cpu = once(tool, target, null)
                    tool.wall_ms.append(wall)
                    tool.cpu_ms.append(cpu)
        for tool in tools:
            tool.syscalls = count_syscalls(tool, target, null)
            tool.peak_mib = find_peak(tool, target, null)
    with started(argv, spin=True) as target, open(os.devnull, "wb") as null:
        noise = Tool("(no tool)", lambda t: [["sleep", "0.3"]], runs_with_spinner)
        for turn in range(runs_with_spinner):
            for tool in [noise] + tools:
                if turn < tool.runs:
                    target.spinner.reset()
                    once(tool, target, null)
                    tool.pause_ms.append(target.spinner.pause_ms())
    return noise


def count_syscalls(tool, target, out):
    if not shutil.which("strace"):
        return 0
    total = 0
    with tempfile.NamedTemporaryFile("r") as log:
        for argv in tool.commands(target):
            run([*tool.strace, "-o", log.name, *argv], out)
            if match := re.search(r"^100\.00 +\S+ +(?:\d+ +)?(\d+) +(?:\d+ +)?total$", read(log.name), re.M):
                total += int(match[1])
    return total


def find_peak(tool, target, out):
    with tempfile.NamedTemporaryFile("r") as f:
        peaks = []
        for argv in tool.commands(target):
            run([PEAK, f.name, *argv], out)
            peaks.append(int(read(f.name)))
    return max(peaks) / 1024


def hangwatch(*options):
    return lambda target: [[HANGWATCH, "dump", "--samples", "1", "--no-signal", *options, str(target.pid)]]


def looped(*argv):
    return lambda target: [[*argv, str(pid)] for pid in target.pids]


def lines_of(pattern):
    return lambda text: len(re.findall(pattern, text, re.M))


def json_frames(text):
    """The frames in a report of hangwatch's, kernel frames left out: no other tool has them."""
    report = json.loads(text)
    return sum(f["kind"] != "kernel" for p in report["processes"] if not p.get("outside")
               for t in p.get("threads", []) for f in t.get("frames", []))


# --- what is compared ----------------------------------------------------------------------------


def in_venv(name):
    path = os.path.join(VENV, name)
    return path if os.access(path, os.X_OK) else shutil.which(name)


def native_tools(args):
    tools = [Tool("hangwatch", hangwatch("--json"), args.runs, json_frames)]
    if shutil.which("eu-stack"):
        tools.append(Tool("eu-stack", looped("eu-stack", "-p"), args.runs, lines_of(r"^#\d")))
    if shutil.which("gdb"):
        tools.append(Tool("gdb", looped(*GDB, "-p"), args.gdb_runs, lines_of(r"^#\d"),
                          strace=("strace", "-c")))
    return tools


def python_tools(args):
    tools = [Tool("hangwatch", hangwatch("--json"), args.runs, json_frames)]
    if py_spy := in_venv("py-spy"):
        tools += [
            Tool("py-spy --subprocesses",
                 lambda t: [[py_spy, "dump", "--subprocesses", "--pid", str(t.pid)]], args.runs,
                 lines_of(r"^    \S")),
            Tool("py-spy --native", looped(py_spy, "dump", "--native", "--pid"), args.runs,
                 lines_of(r"^    \S"))]
    if pystack := in_venv("pystack"):
        tools.append(Tool("pystack --native-all", looped(pystack, "remote", "--native-all"), args.gdb_runs,
                          lines_of(r"^    \(")))
    return tools


def spread(values):
    if not values:
        return "-"
    digits = 2 if max(values) < 10 else 0
    middle, least, most = statistics.median(values), min(values), max(values)
    return f"{middle:,.{digits}f} ({least:,.{digits}f}–{most:,.{digits}f})"


def table(title, tools, noise):
    base = statistics.median(tools[0].wall_ms)
    print(f"\n### {title}\n\n| tool | wall ms | ratio | CPU ms | ratio | pause ms | frames | syscalls | peak MiB | runs |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    base_cpu = statistics.median(tools[0].cpu_ms)
    for t in tools:
        ratio = statistics.median(t.wall_ms) / base
        name = f"{t.name} ({t.failed})" if t.failed else t.name
        print(f"| {name} | {spread(t.wall_ms)} | {ratio:,.1f} | {spread(t.cpu_ms)} "
              f"| {statistics.median(t.cpu_ms) / base_cpu:,.1f} | {spread(t.pause_ms)} | {t.frames:,} "
              f"| {t.syscalls or '-'} | {t.peak_mib:,.0f} | {len(t.wall_ms)} |")
    print(f"| {noise.name} | - | - | - | - | {spread(noise.pause_ms)} | - | - | - | - |", flush=True)


def rows(tools, noise):
    return {t.name: {"wall_ms": t.wall_ms, "cpu_ms": t.cpu_ms, "pause_ms": t.pause_ms, "frames": t.frames,
                     "syscalls": t.syscalls, "peak_mib": t.peak_mib, "failed": t.failed}
            for t in tools + [noise]}


def bench_trees(args, result):
    argv = ["/usr/bin/python3", os.path.join(HERE, "tree.py"), "22"]
    for key, title, tools in (("native", "Native stacks: a Python parent and its 22 forked children",
                               native_tools(args)),
                              ("python", "The same tree, Python frames too", python_tools(args))):
        if args.only in (None, key):
            print(title, file=sys.stderr)
            noise = measure(tools, argv)
            table(title, tools, noise)
            result[key] = rows(tools, noise)


def bench_tasks(args, result):
    """One process with very many tasks. The other tools see its one thread's frames only."""
    python = os.path.join(VENV, "python3")
    if subprocess.run([python, "-c", "import trio"], capture_output=True).returncode != 0:
        print("\nNo trio in the virtual environment: scripts/setup makes one.")
        return
    for tasks in (1017, 10017):
        title = f"One trio program, {tasks:,} tasks"
        print(title, file=sys.stderr)
        tools = python_tools(args)
        tools[0].count_frames = lambda text: sum(
            len(k.get("frames", [])) for p in json.loads(text)["processes"] for k in p.get("tasks", []))
        noise = measure(tools, [python, os.path.join(HERE, "trio_tree.py"), str(tasks)])
        table(title + " (hangwatch: frames of tasks)", tools, noise)
        result[f"tasks {tasks}"] = rows(tools, noise)


def bench_scaling(args, result):
    """Ten times the tree, turn by turn."""
    print("Scaling", file=sys.stderr)
    wide = os.path.join(BUILD, "bench", "wide")
    sizes = (20, 200)
    tools = {n: Tool(f"{n} × 5", hangwatch("--json"), args.runs) for n in sizes}
    with started([wide, str(sizes[0])]) as small, started([wide, str(sizes[1])]) as large, \
            open(os.devnull, "wb") as null:
        for turn in range(args.runs + 1):
            for n, target in zip(sizes, (small, large)):
                wall, _ = once(tools[n], target, null)
                if turn:
                    tools[n].wall_ms.append(wall)
        for n, target in zip(sizes, (small, large)):
            tools[n].peak_mib = find_peak(tools[n], target, null)
    print("\n### Scaling: processes × threads\n\n| tree | wall ms | ratio | peak MiB |\n|---|---:|---:|---:|")
    base = statistics.median(tools[sizes[0]].wall_ms)
    for tool in tools.values():
        print(f"| {tool.name} {tool.failed} | {spread(tool.wall_ms)} "
              f"| {statistics.median(tool.wall_ms) / base:.1f} | {tool.peak_mib:.0f} |")
    result["scaling"] = {t.name: {"wall_ms": t.wall_ms, "peak_mib": t.peak_mib} for t in tools.values()}


def main():
    parser = argparse.ArgumentParser(description="compares hangwatch with gdb, eu-stack, py-spy and pystack")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--gdb-runs", type=int, default=3, help="runs of the slow ones")
    parser.add_argument("--only", choices=("native", "scaling", "python", "analysis"))
    parser.add_argument("--json", metavar="FILE", help="also write every single measurement there")
    args = parser.parse_args()

    # Ended by a signal, the targets must end too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: ended by a signal"))
    if not os.access(HANGWATCH, os.X_OK):
        sys.exit(f"bench: {HANGWATCH} does not exist: build it with make")
    result = {"kernel": platform.release(), "cpus": os.cpu_count(), "load": os.getloadavg()}
    print(f"Kernel {result['kernel']}, {result['cpus']} CPUs, load {result['load'][0]:.1f}; medians, with the "
          "least and the greatest in brackets.")
    with tempfile.TemporaryDirectory(prefix="bench-state-") as state:
        ENV["XDG_STATE_HOME"] = state
        bench_trees(args, result)
        if args.only in (None, "python"):
            bench_tasks(args, result)
        if args.only in (None, "analysis"):
            print("\n### Analysis alone\n", flush=True)
            subprocess.run([os.path.join(BUILD, "bench", "analysis"), str(args.runs)], check=True, timeout=DEADLINE_S)
        if args.only in (None, "scaling"):
            bench_scaling(args, result)
    if args.json:
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump(result, f, indent=1)


main()
