"""Who could end a task's or thread's wait for an event, channel, queue or future: complete, or not said at all."""

import reading


def found(report, pid):
    process = reading.process(report, pid)
    names = {t["id"]: t["name"] for t in process["tasks"]}
    threads = {t["id"] for t in process["threads"]}

    def of(task):
        if task.get("setters") is None:
            return None
        return sorted("thread" if i in threads else names[i] for i in task["setters"])

    return {t["name"]: of(t) for t in process["tasks"]}


def check(env, program):
    with reading.program(env, program) as (target, truth):
        report = reading.read(target.pid)
        seen = found(report, target.pid)
        if reading.free_threaded(env):  # references are not counted in one place there
            truth = dict.fromkeys(truth)
        assert {name: seen.get(name, "not there") for name in truth} == truth
        return report


@reading.each()
def test_trio(env):
    check(env, "trio_setters.py")


@reading.each(trio=False)
def test_asyncio(env):
    report = check(env, "aio_setters.py")
    tasks = {t["name"]: t for t in report["processes"][0]["tasks"]}
    owners = {t["id"]: t["name"] for t in tasks.values()}
    assert owners[tasks["wants the lock"]["wait_owner"]] == "has the lock"
    assert owners[tasks["also wants it"]["wait_owner"]] == "has the lock"
    assert owners.get(tasks["wants the other"].get("wait_owner")) is None


@reading.each(trio=False)
def test_threads(env):
    with reading.program(env, "thread_setters.py") as (target, truth):
        report = reading.read(target.pid)
        names = {f["about"]: f["text"] for f in reading.facts(report, "thread_name")}
        threads = {names[t["id"]]: t for t in reading.process(report, target.pid)["threads"]}

        def of(name):
            setters = threads[name].get("setters")
            return None if setters is None else sorted(names[i] for i in setters)

        if reading.free_threaded(env):
            truth = dict.fromkeys(truth)
        assert {name: of(name) for name in truth} == truth
        # Two that wait for one thing say so.
        if not reading.free_threaded(env):
            assert threads["first of two"]["object"] == threads["second of two"]["object"]
            assert threads["first of two"]["object"] != threads["nobody"]["object"]
            same = {names[f["about"]] for f in reading.facts(report, "setters_wait")}
            assert same == {"first of two", "second of two", "may give up"}
        waits = {names[f["about"]]: f["text"] for f in reading.facts(report, "python_wait")}
        assert waits["of coroutine"] == "Future.result of a coroutine"
        assert waits["of own loop"] == "Future.result of work that has not begun"
