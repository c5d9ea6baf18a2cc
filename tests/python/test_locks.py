"""Who has the lock that a thread waits for: read from the interpreter, or not said."""

import reading


@reading.each(trio=False)
def test_owners(env):
    with reading.program(env, "lock_owners.py") as (target, truth):
        report = reading.read(target.pid)
        names = {f["about"]: f["text"] for f in reading.facts(report, "thread_name")}
        tids = {t["tid"]: t["id"] for t in reading.process(report, target.pid)["threads"]}
        owners = {names[f["about"]]: names[tids[f["value"]]] for f in reading.facts(report, "futex_owner")}
        assert {name: owners.get(name) for name in truth} == truth
        # Nobody else is said to wait for what somebody has.
        assert set(owners) <= set(truth)
        waits = {names[f["about"]]: f["text"] for f in reading.facts(report, "python_lock")}
        assert set(truth) <= set(waits)
        assert waits["rlock"] == "a threading.RLock" and waits["lock"] == "a threading.Lock"
