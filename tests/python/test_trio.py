"""trio's task tree as it is read from outside, compared with what the program itself says."""

import reading
import support


def tree(report, pid):
    """The tasks of a process as the program describes its own."""
    tasks = reading.process(report, pid)["tasks"]
    children = {}
    for task in tasks:
        children.setdefault(task["parent"], []).append(task)

    def account(task):
        mine = children.get(task["id"], [])
        count = 1 + max((child["nursery"] for child in mine), default=-1)
        return {
            "name": task["name"],
            "frames": reading.frames(task["frames"]),
            "schedules": task["schedules"],
            "start_pending": task.get("start_pending", False),
            "scopes": task["scopes"],
            "main": task.get("main", False),
            "fd": task.get("fd"),
            "pending": task.get("pending"),
            "nurseries": [sorted((account(child) for child in mine if child["nursery"] == i),
                                 key=lambda t: (t["name"], str(t))) for i in range(count)],
        }

    roots = children[None]
    assert len(roots) == 1, roots
    return account(roots[0])


def compare(found, true, path=""):
    """Both trees, with what cannot be equal taken apart first. Deadlines: both count from about now."""
    path = f"{path}/{true['name']}"
    for scope, truth in zip(found["scopes"], true["scopes"], strict=True):
        seen, known = scope.pop("deadline_in_s"), truth.pop("deadline")
        assert (seen is None) == (known is None), path
        assert seen is None or abs(seen - known) < 60, path
    pending, known = found.pop("pending"), true.pop("pending")
    assert bool(pending) == bool(known), path
    assert all(error.split("(")[0] in pending for error in known), path
    below, truths = found.pop("nurseries"), true.pop("nurseries")
    assert found == true, path
    # A nursery without children is not in the report when none with children follows it.
    while truths and not truths[-1] and len(truths) > len(below):
        truths.pop()
    assert [[t["name"] for t in n] for n in below] == [[t["name"] for t in n] for n in truths], path
    for nursery, known in zip(below, truths, strict=True):
        for task, truth in zip(nursery, known, strict=True):
            compare(task, truth, path)


def by_name(report, pid):
    return {t["name"]: t for t in reading.process(report, pid)["tasks"]}


@reading.each()
def test_tree(env):
    """Names, await chains, schedules, scopes, nurseries, fds and pending exceptions of every task."""
    with reading.program(env, "trio_tree.py") as (target, truth):
        report = reading.read(target.pid)
        assert not reading.gaps(report)
        compare(tree(report, target.pid), truth["root"])


@reading.each()
def test_waits(env):
    """What each task waits for, who owns it, and that equal objects are one."""
    with reading.program(env, "trio_tree.py") as (target, truth):
        report = reading.read(target.pid)
        tasks = by_name(report, target.pid)
        ids = {t["id"]: t["name"] for t in tasks.values()}

        def wait(name):
            task = tasks[name]
            return task["wait"], task["waits_on"], ids.get(task.get("wait_owner"))

        assert wait("wants the lock") == ("lock", "Lock.acquire", "owner")
        assert wait("wants the fifo lock") == ("lock", "StrictFIFOLock.acquire", "fifo owner")
        assert wait("wants the semaphore") == ("semaphore", "Semaphore.acquire", None)
        assert wait("wants the token") == ("semaphore", "CapacityLimiter.acquire_on_behalf_of", "has the token")
        assert wait("__main__.wait_condition") == ("condition", "Condition.wait", None)
        assert wait("__main__.wait_notified") == ("lock", "Condition.wait", "__main__.notify")
        assert wait("__main__.receive") == ("channel-receive", "MemoryReceiveChannel.receive", None)
        assert wait("__main__.send") == ("channel-send", "MemorySendChannel.send", None)
        assert wait("__main__.read_socket") == ("fd", "wait_readable", None)
        assert wait("__main__.write_socket") == ("fd", "wait_writable", None)
        assert wait("c1 keepalive") == ("timer", "sleep", None)
        assert wait("in the outer one") == ("forever", "sleep_forever", None)
        assert wait("__main__.starter") == ("nursery", "Nursery.start", None)
        assert wait("__main__.refuses_cancel") == ("nursery", "Nursery.__aexit__", None)

        waiters = {t["object"] for t in tasks.values() if t.get("wait") == "event"}
        assert len(waiters) == 1, "all of them wait for one event"
        assert [ids[i] for i in tasks["__main__.starter"]["waits_for"]] == ["__main__.never_started"]
        # The exception that its nursery keeps has cancelled the other child, which is shielded.
        assert [ids[i] for i in tasks["__main__.keeps_exception"]["waits_for"]] == ["__main__.shielded"]
        assert tasks["__main__.write_socket"]["waits_write"]
        assert 4900 < tasks["c1 keepalive"]["deadline_in_s"] <= 5000
        assert tasks["__main__.never_started"]["start_pending"]

        process = tasks["__main__.wait_process"]
        assert process["waits_on"] == "Process.wait"
        assert process["child"] in [p["pid"] for p in report["processes"]]

        worker = next(t for t in reading.process(report, target.pid)["threads"]
                      if t["id"] == tasks["in a thread"]["worker"])
        assert ["block" in f["function"] for f in worker["frames"] if f["kind"] == "python"].count(True) == 1

        services = {t["name"] for t in tasks.values() if t.get("service")}
        assert services == {"<init>", "<TrioToken.run_sync_soon task>"}
        assert {t["state"] for t in tasks.values()} == {"waiting"}


@reading.each()
def test_guest(env):
    """No stack shows trio, and yet its tasks are there."""
    with reading.program(env, "trio_guest.py") as (target, truth):
        report = reading.read(target.pid)
        tasks = reading.process(report, target.pid)["tasks"]
        assert sorted(t["name"] for t in tasks) == truth["names"]
        assert not any(t["inherited"] for t in tasks)
        threads = {t["id"]: t["tid"] for t in reading.process(report, target.pid)["threads"]}
        assert {threads[t["thread"]] for t in tasks} == {target.pid}


@reading.each()
def test_fork(env):
    """Copies that fork left are marked, loops of forked children are not."""
    with reading.program(env, "trio_fork.py") as (target, truth):
        report = reading.read(target.pid)
        pids = {p.get("ns_pid", p["pid"]): p for p in report["processes"]}
        inherited = {pid: {t["inherited"] for t in p["tasks"]} for pid, p in pids.items()}
        assert inherited == {target.pid: {False}, truth["own"]: {False}, truth["copy"]: {True}, truth["both"]: {True, False}}
        states = {t["name"]: t["state"] for t in pids[truth["copy"]]["tasks"]}
        assert states["forker"] == "running" and states["bystander"] == "waiting"
        new = {t["name"]: t["inherited"] for t in pids[truth["both"]]["tasks"]}
        assert new["forker"] and new["bystander"] and not new["new bystander"]


@reading.each()
def test_blocked(env):
    """The task that blocks the loop is running, and its frames go on with those of its thread."""
    with reading.program(env, "trio_blocked.py") as (target, truth):
        report = reading.read(target.pid)
        process = reading.process(report, target.pid)
        tasks = {t["name"]: t for t in process["tasks"]}
        assert tasks["blocker"]["state"] == "running"
        functions = [f["function"].split(".")[-1] for f in tasks["blocker"]["frames"]]
        assert functions == ["block", "inner", "numbers", "outer"]
        assert tasks["would be woken"]["state"] in ("waiting", "runnable")
        assert tasks["sleeper"]["state"] == "waiting"
        main = next(t for t in process["threads"] if t["tid"] == target.pid)
        assert tasks["blocker"]["thread"] == main["id"]
        assert list(reversed(reading.frames(main["frames"]))) == truth["stack"]


@reading.each()
def test_threads(env):
    """Each loop's tasks belong to the thread that runs it."""
    with reading.program(env, "trio_threads.py") as (target, truth):
        report = reading.read(target.pid)
        process = reading.process(report, target.pid)
        threads = {t["id"]: t["tid"] for t in process["threads"]}
        tasks = {t["name"]: t for t in process["tasks"]}
        for name, tid in truth.items():
            assert threads[tasks[f"{name} 0"]["thread"]] == tid
        assert tasks["not begun"]["state"] == "created"
        assert len(process["tasks"]) == 3 * 3 + 4 + 3 * 2
        assert len([t for t in process["tasks"] if t.get("main")]) == 3
        names = {f["text"] for f in reading.facts(report, "thread_name")}
        assert {"MainThread", "two", "three", "truth"} <= names


def wrong(tasks):
    """What no moment of trio_busy.py can show: a task below another than its name says, or two of a name."""
    ids = {t["id"]: t["name"] for t in tasks}
    found = [t["name"] for t in tasks if "." in t["name"] and t["name"][0] == "s"
             and ids.get(t["parent"]) != t["name"].rsplit(".", 1)[0]]
    names = [t["name"] for t in tasks]
    return found + [n for n in set(names) if names.count(n) > 1]


@reading.each()
def test_busy(env):
    """While it is torn down and rebuilt: right, or said to be partial."""
    with reading.program(env, "trio_busy.py") as (target, _):
        for _ in range(reading.turns(16)):
            report = reading.read(target.pid)
            tasks = reading.process(report, target.pid).get("tasks", [])
            assert report["gaps"] or (len(tasks) > 7 and not wrong(tasks)), wrong(tasks)


def test_busy_among_many():
    """The same beside a thousand tasks that rest: too many to be read while the process is held on a loaded machine."""
    with reading.program(reading.system(), "trio_busy.py", 1000) as (target, _):
        for _ in range(reading.turns(8)):
            report = reading.read(target.pid)
            tasks = reading.process(report, target.pid).get("tasks", [])
            resting = {t["name"] for t in tasks if t.get("name", "").startswith("r")}
            assert report["gaps"] or (len(resting) == 1000 and not wrong(tasks)), wrong(tasks)


@reading.each()
def test_corrupt(env):
    """Bits that flip while they are read cost what they belong to, never the report."""
    with reading.program(env, "trio_tree.py") as (target, truth):
        whole = len(reading.process(reading.read(target.pid), target.pid)["tasks"])
        most = 0
        for seed in range(reading.turns(16)):
            rate = (2, 10, 50, 300)[seed % 4]
            report = reading.read(target.pid, "--corrupt", rate, seed)
            tasks = reading.process(report, target.pid).get("tasks", [])
            assert len(tasks) <= 2 * whole
            most = max(most, len(tasks))
        assert most == whole, "one bad read in 300 leaves most of the readings whole"


def test_a_shield_keeps_the_cancel_and_the_deadlines_around_it_out():
    """In the text: the task refuses_cancel is cancelled, and what it shields is not."""
    with reading.program(reading.system(), "trio_tree.py") as (target, _):
        text = support.hangwatch("dump", "--no-store", "--tasks", target.pid).out.decode()
    lines = {name: next(line for line in text.splitlines() if f" {name}:" in line)
             for name in ("refuses_cancel", "shielded")}
    assert "[cancelled]" in lines["refuses_cancel"], text
    assert "[cancel called, but shielded]" in lines["shielded"], text
