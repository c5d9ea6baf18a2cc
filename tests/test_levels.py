"""32 stacks known by construction, in eight forked children: all right, complete, and none stopped for it."""

import pytest

import support

support.need_hangwatch()

STACK = ["park", "level5", "level4", "level3", "level2", "level1"]
# The order of the threads within a child: its main thread polls, then one thread each.
CALLS = ["poll", "read", "futex", "pause"]


@pytest.fixture(scope="module")
def tree():
    with support.target([support.program("levels", "levels", why="run make levels")]) as target:
        support.wait_until(lambda: support.all_blocked(support.tree(target.pid)), "32 threads to park")
        yield target


def functions(thread):
    """The program's own functions of a stack, innermost first."""
    names = [f.get("function") for f in support.native(thread)]
    return [n for n in names if n and (n == "park" or n.startswith("level"))]


def test_all_stacks(tree, store):
    processes = support.processes(support.dump(tree.pid))
    children = support.children(tree.pid)
    assert len(children) == 8
    wrong = []
    for pid in children:
        threads = processes[pid]["threads"]
        assert [t["tid"] for t in sorted(threads, key=lambda t: t["tid"])] == support.tasks(pid)
        for thread, call in zip(sorted(threads, key=lambda t: t["tid"]), CALLS):
            good = (functions(thread) == STACK and thread["complete"]
                    and thread["stopped_us"] == 0 and thread["taken"] == "proc"
                    and thread["activity"] == "parked" and thread["syscall"]["name"] == call)
            if not good:
                wrong.append(thread)
    assert not wrong, f"{len(wrong)} of 32 wrong; the first: {wrong[0]}"


def test_stopped_only_when_asked(tree, store):
    """The same stacks by a stop; it is bounded, and it is told."""
    processes = support.processes(support.dump(tree.pid, "--stop=always", "--samples", "1"))
    for pid in support.children(tree.pid):
        for thread in processes[pid]["threads"]:
            assert functions(thread) == STACK and thread["complete"], thread
            assert thread["taken"] == "ptrace" and thread["stopped_us"] > 0, thread
            assert support.status(pid, "TracerPid") == "0"


def test_never_stops(tree, store):
    report = support.dump(tree.pid, "--stop=never", "--samples", "1")
    assert all(t["stopped_us"] == 0 for t in support.threads(report).values())


def test_relations(tree, store):
    """The children are there with their parent, in the same program, forked and not exec'd."""
    processes = support.processes(support.dump(tree.pid, "--samples", "1"))
    assert processes[tree.pid]["root"] is True
    for pid in support.children(tree.pid):
        assert processes[pid]["ppid"] == tree.pid
        assert processes[pid]["root"] is False
        assert processes[pid]["forked_not_execed"] is True
