"""asyncio's tasks as they are read from outside, compared with what the program itself says."""

import pytest
import reading

WAYS = ["c", "pure"]


def ids_to_names(report, pid):
    process = reading.process(report, pid)
    return {t["id"]: t["name"] for t in process["tasks"]} | {t["id"]: t["tid"] for t in process["threads"]}


def nearest(task):
    """When a timer ends its wait, or a timeout cancels it."""
    return min((d for d in [task.get("deadline_in_s"), *(s["deadline_in_s"] for s in task["scopes"])] if d is not None),
               default=None)


def account(task, names):
    """A task of the report, said as the programs say theirs."""
    return {
        "name": task["name"],
        "thread": names.get(task["thread"]),
        "frames": None if task["state"] == "running" else reading.frames(task["frames"]),
        "state": task["state"],
        "main": task.get("main", False),
        "awaited_by": sorted(names[i] for i in task["awaited_by"]),
        "wait": task.get("wait"),
        "waits_on": task.get("waits_on"),
        "waits_for": sorted(names[i] for i in task.get("waits_for", [])),
        "waits_any": task.get("waits_any", False),
        "object": int(task.get("object") or "0", 0),
        "fd": task.get("fd"),
        "waits_write": task.get("waits_write", False),
        "child": task.get("child"),
        "worker": names.get(task.get("worker")),
        "cancel_called": any(s["cancel_called"] for s in task["scopes"]),
    }


def differences(report, pid, truth):
    """What the report says otherwise than the program does of its tasks: name, what, ours, its."""
    names = ids_to_names(report, pid)
    rows = reading.process(report, pid)["tasks"]
    tasks = {t["name"]: t for t in rows}
    assert len(tasks) == len(rows)
    assert sorted(tasks) == truth["said"] == [t["name"] for t in truth["tasks"]]
    found = []
    for true in truth["tasks"]:
        name, task = true["name"], tasks[true["name"]]
        itself, deadline, left = true.pop("awaited_by_itself"), true.pop("deadline", None), nearest(task)
        if itself not in (None, true["awaited_by"]):
            found.append((name, "asyncio's own awaited_by", true["awaited_by"], itself))
        if (left is None) != (deadline is None) or (left is not None and abs(left - deadline) > 60):
            found.append((name, "deadline", left, deadline))
        ours = account(task, names)
        for key, value in {"main": False, "waits_for": [], "cancel_called": False, **true}.items():
            if ours[key] != value:
                found.append((name, key, ours[key], value))
    return found


def uncounted(env, truth):
    """Up to 3.10 asyncio does not count cancellations: one that was delivered leaves no trace."""
    if reading.minor(env) < 11:
        next(t for t in truth["tasks"] if t["name"] == "refuses cancel")["cancel_called"] = False


@reading.each(trio=False)
def test_own_offsets(env):
    """From 3.14 on asyncio says where it keeps what; that holds also for builds of which no table is right."""
    if reading.minor(env) < 14:
        pytest.skip("it does not say so yet")
    with reading.program(env, "aio_tree.py", "c") as (target, truth):
        assert not differences(reading.read(target.pid, "--spoil-asyncio"), target.pid, truth)


@pytest.mark.parametrize("how", ["c", "pure"])
@reading.each(trio=False)
def test_tree(env, how):
    """Names, await chains, awaiters, threads, descriptors, timers, workers and children of every task."""
    with reading.program(env, "aio_tree.py", how) as (target, truth):
        report = reading.read(target.pid)
        assert not reading.gaps(report)
        uncounted(env, truth)
        assert not differences(report, target.pid, truth)


@reading.each(trio=False, have=["uvloop"])
def test_uvloop(env):
    """All tasks; what only the loop knows, descriptors and timers, is in C and not looked into."""
    with reading.program(env, "aio_tree.py", "uvloop") as (target, truth):
        report = reading.read(target.pid)
        assert not reading.gaps(report)
        uncounted(env, truth)
        for task in truth["tasks"]:
            for key in ("fd", "waits_write", "deadline"):
                task.pop(key, None)
            if task["name"].startswith("sock_") or task["name"] == "serves":
                # These coroutines are uvloop's own, and only newer ones have frames to show.
                task["frames"] = [frame for frame in task["frames"] if not frame[1].endswith(".pyx")]
                for key in ("wait", "waits_on"):
                    task.pop(key, None)
        assert not [d for d in differences(report, target.pid, truth) if d[1] != "deadline"]


@reading.each(trio=False)
def test_fork(env):
    """Copies that fork left are marked; loops of forked children are not, though one stands on top of a copy."""
    with reading.program(env, "aio_fork.py") as (target, truth):
        report = reading.read(target.pid)
        pids = {p.get("ns_pid", p["pid"]): p for p in report["processes"]}
        found = {pid: {t["name"]: t["inherited"] for t in p["tasks"]} for pid, p in pids.items()}
        # From 3.14 on the interpreter itself forgets a parent's tasks.
        copies = {"main": True, "bystander": True, "forker": True} if reading.minor(env) < 14 else {}
        assert found == {
            target.pid: {"main": False, "bystander": False, "forker": False},
            truth["own"]: {"main": False, "bystander": False},
            truth["copy"]: copies,
            truth["both"]: {**copies, "new": False, "new's bystander": False},
        }
        main = {t["name"] for t in pids[truth["both"]]["tasks"] if t.get("main") and not t["inherited"]}
        assert main == {"new"}


@reading.each()
def test_guest(env):
    """A loop of trio that is a guest of asyncio's: the tasks of both, on one thread."""
    with reading.program(env, "trio_on_asyncio.py") as (target, truth):
        report = reading.read(target.pid)
        process = reading.process(report, target.pid)
        for runtime in ("trio", "asyncio"):
            assert sorted(t["name"] for t in process["tasks"] if t["runtime"] == runtime) == truth[runtime]
        threads = {t["id"]: t["tid"] for t in process["threads"]}
        assert {threads[t["thread"]] for t in process["tasks"]} == {target.pid}
        assert not any(t["inherited"] for t in process["tasks"])
        names = {t["id"]: t["name"] for t in process["tasks"]}
        awaited = {t["name"]: [names[i] for i in t["awaited_by"]] for t in process["tasks"] if t["runtime"] == "asyncio"}
        assert awaited == {"host": [], "host's child": ["host"]}


def wrong(tasks):
    """What no moment of aio_busy.py can show."""
    ids = {t["id"]: t["name"] for t in tasks}
    names = list(ids.values())
    found = [f"{n} twice" for n in set(names) if names.count(n) > 1]
    found += [f"{n} is missing" for n in ("Task-1", "s0", "s1", "s2", "s3", "s4") if n not in names]

    def above(name):
        return name.rsplit(".", 1)[0] if "." in name else "Task-1"

    for task in tasks:
        name, functions = task["name"], [f["function"].split(".")[-1] for f in task["frames"]]
        found += [f"{name} awaited by {ids[i]}" for i in task["awaited_by"] if ids[i] != above(name)]
        found += [f"{name} awaits {ids[i]}" for i in task.get("waits_for", []) if above(ids[i]) != name]
        if task["state"] == "running" or not functions:
            continue    # it may be just making a coroutine, or have come to its end
        ours = {f for f in functions if f in ("leaf", "spawn", "main")}
        if len(ours) != 1 or functions[-1] not in ours or functions.count("leaf") > 6 or functions.count("spawn") > 1:
            found.append(f"{name} in {functions}")
    return found


@reading.each(trio=False)
def test_busy(env):
    """While tasks are made and end: right, or said to be partial."""
    with reading.program(env, "aio_busy.py") as (target, _):
        for _ in range(reading.turns(8)):
            report = reading.read(target.pid)
            tasks = reading.process(report, target.pid).get("tasks", [])
            assert reading.gaps(report) or not wrong(tasks)


@reading.each(trio=False)
def test_corrupt(env):
    """Bits that flip while they are read cost what they belong to, never the report."""
    with reading.program(env, "aio_tree.py", "c") as (target, truth):
        most = 0
        for seed in range(reading.turns(8)):
            rate = (2, 10, 50, 300)[seed % 4]
            report = reading.read(target.pid, "--corrupt", rate, seed)
            tasks = reading.process(report, target.pid).get("tasks", [])
            assert len(tasks) <= 2 * len(truth["tasks"])
            most = max(most, len(tasks))
        assert most >= len(truth["tasks"]), "one bad read in 300 leaves most of the readings whole"


@reading.each(trio=False)
def test_tls(env):
    """A stream's descriptor is found through TLS, too."""
    with reading.program(env, "aio_tls.py") as (target, truth):
        report = reading.read(target.pid)
        assert not reading.gaps(report)
        assert {t["name"]: t.get("fd") for t in reading.process(report, target.pid)["tasks"]} == truth
