"""Hours of captures over targets that do not hold still: nothing may break, leak or stay behind.

soak.py [--minutes N]

In turn, over a busy tree, one that forks and one that executes itself: a dump in a mode drawn by chance, now and
then killed half-way. After each capture every target must be there, unstopped and untraced; the exit code must be
one of those documented; no process of hangwatch's may be left, no file but reports in its store, and the store no
larger than its cap. The seed of a run is printed, and --seed repeats it.

All the while one attach watches a tree that forks twenty times a second and reports when asked (SIGQUIT): what it has
open and what memory it holds is compared between the first quarter of its reports and the last.
"""

import argparse
import contextlib
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests"))

import support

MAX_REPORTS = 200
MAX_GROWTH_KIB = 8 << 10
ATTACH_REPORTS = 900  # attach makes a thousand at most
FORKS = "while :; do sleep 0.05; done"
GOOD = {0, 3, 6}


def options(chance):
    choice = ["--stop=" + chance.choice(["auto", "always", "never"]),
              "--samples", str(chance.randint(1, 3)), "--interval", f"{chance.choice([1, 10, 50])}ms"]
    if chance.random() < 0.1:
        choice += ["--stop-budget", "1ms"]
    return choice


def check_target(pid):
    """Unchanged: alive, and neither stopped nor traced once a killed tracer's hold has ended."""
    assert support.alive(pid), f"the target {pid} is gone"
    for member in support.tree(pid):
        support.wait_until(lambda: support.status(member, "TracerPid") in ("0", None),
                           f"{member} to be without a tracer")
        assert support.state(member) not in ("T", "t"), f"{member} was left stopped"


def check_store(folder):
    names = os.listdir(os.path.join(folder, "hangwatch"))
    reports = [n for n in names if n.endswith(".hang")]
    assert len(reports) <= MAX_REPORTS, f"{len(reports)} reports are kept"
    return len(names) - len(reports)


def one(chance, pid, state):
    """One capture; True when it was killed half-way."""
    argv = [support.HANGWATCH, "dump", "--json", *options(chance), str(pid)]
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, env={**os.environ, "XDG_STATE_HOME": state})
    helpers = []
    if killed := chance.random() < 0.2:
        time.sleep(chance.uniform(0, 0.3))
        helpers = support.tree(process.pid)[1:]
        process.kill()
    err = process.stderr.read().decode("utf-8", "replace")
    code = process.wait(support.DEADLINE_S)
    process.stderr.close()
    support.wait_until(lambda: not any(support.alive(h) for h in helpers), "hangwatch's processes to end")
    if not killed:
        assert code in GOOD, f"{argv}: exit {code}: {err}"
    check_target(pid)
    return killed


class Attach:
    """One attach over a tree that forks on and on, for as long as the soak runs."""

    def __init__(self, pid, state):
        argv = [support.HANGWATCH, "attach", str(pid), "--after", "100h", "--max-reports", "1000", "--json",
                "--samples", "1", "--no-store"]
        self.out = os.path.join(state, "attach.json")
        with open(self.out, "wb") as out:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL)
        self.seen = []  # (descriptors but for pidfds, pidfds, KiB)
        self.next = 0

    def reported(self):
        """The report is whole, and its makers are gone: it looks ten times a second now."""
        with open(self.out, "rb") as f:
            text = f.read().lstrip(b"\0")
        threads = support.tasks(self.process.pid)
        return text.endswith(b"\n}\n") and len(threads) == 1 and not support.children(self.process.pid)

    def report(self):
        """Asks for one, waits until it is back at its watch, and looks at what it holds."""
        self.next = time.monotonic() + 1
        os.truncate(self.out, 0)
        self.process.send_signal(signal.SIGQUIT)
        support.wait_until(lambda: self.reported(), "attach to report")
        assert self.process.poll() is None, f"attach ended with {self.process.returncode}"
        folder = f"/proc/{self.process.pid}/fd"
        links = []
        for fd in os.listdir(folder):
            with contextlib.suppress(OSError):
                links.append(os.readlink(f"{folder}/{fd}"))
        pidfds = sum("pidfd" in link for link in links)
        self.seen.append((len(links) - pidfds, pidfds, int(support.status(self.process.pid, "VmRSS").split()[0])))

    def end(self):
        self.process.terminate()
        code = self.process.wait(support.DEADLINE_S)
        assert code == 128 + signal.SIGTERM, f"attach ended with {code}"
        quarter = max(len(self.seen) // 4, 1)
        first, last = ([statistics.median(column) for column in zip(*part)]
                       for part in (self.seen[:quarter], self.seen[-quarter:]))
        print(f"soak: attach made {len(self.seen)} reports; descriptors, pidfds, KiB: {first} at first, {last} at last")
        assert last[0] <= first[0], "attach leaks descriptors"
        assert last[2] - first[2] < MAX_GROWTH_KIB, "attach leaks memory"


def main():
    parser = argparse.ArgumentParser(description="captures busy targets again and again")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    args = parser.parse_args()
    chance = random.Random(args.seed)
    print(f"soak: {args.minutes} minutes, --seed {args.seed}", flush=True)

    end = time.monotonic() + args.minutes * 60
    captures = kills = rounds = 0
    with tempfile.TemporaryDirectory(prefix="soak-") as state, support.target(["sh", "-c", FORKS], ready=None) as forks:
        os.mkdir(os.path.join(state, "hangwatch"), 0o700)
        counters = os.path.join(state, "counters")
        attach = Attach(forks.pid, state)
        while time.monotonic() < end:
            churn = support.program("badinput", "churn")
            targets = ([support.program("noharm", "progress"), counters], [churn, "fork", "2000"],
                       [churn, "exec", "1000000", str(chance.choice([1, 5, 50]))])
            with contextlib.ExitStack() as stack:
                # They end themselves after a minute: a round is shorter.
                pids = [stack.enter_context(support.target(argv)).pid for argv in targets]
                round_end = min(end, time.monotonic() + 40)
                while time.monotonic() < round_end:
                    kills += one(chance, chance.choice(pids), state)
                    captures += 1
                    if len(attach.seen) < ATTACH_REPORTS and time.monotonic() > attach.next:
                        attach.report()
            rounds += 1
            left = check_store(state)
            print(f"soak: {captures} captures, {kills} of them killed, {left} files beside the reports",
                  flush=True)
        attach.end()
    print(f"soak: passed: {captures} captures in {rounds} rounds")


main()
