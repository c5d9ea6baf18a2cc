"""trio's task tree as it is read from outside, compared with what the program itself says."""

import reading


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
        assert not report["gaps"], report["gaps"]
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
