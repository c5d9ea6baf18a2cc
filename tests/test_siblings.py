"""Of 22 forked children one differs: it, and it alone, must be named as the odd one out."""

import pytest

import hanglib

KINDS = {
    "call": "sits in another system call",
    "function": "sits in another Python function, in the same call on the same kind of descriptor",
    "fd": "lacks a descriptor",
    "thread": "has one thread more",
    "connection": "has no connection to the root",
    "exited": "is a zombie",
    "stopped": "is stopped",
    "busy": "burns CPU",
    "tasks": "runs another asyncio task",
    "forked": "has a child of its own",
}
PROGRAM = hanglib.ROOT / "tests/hangs/siblings.py"


def hanging(kind):
    return hanglib.Hang(["/usr/bin/python3", PROGRAM, kind])


@pytest.mark.parametrize("kind", KINDS)
def test_fixture_itself(kind):
    with hanging(kind) as hang:
        assert hang.faults() == []
        assert len(set(hang.line["siblings"])) == 22 and hang.line["odd"] in hang.line["siblings"]


@hanglib.needs_hangwatch
@pytest.mark.parametrize("kind", KINDS)
def test_odd_one_is_named(kind):
    with hanging(kind) as hang:
        raw, stderr, status = hanglib.dump(hang.pid)
        assert status in (0, 3), stderr
        report = hanglib.Report(raw)
        odd = report.verdict.get("odd_one_out", [])
        named = {report.process_of.get(o.get("node"), {}).get("pid") for o in odd}
        if hang.line["odd"] not in named or named & set(hang.line["siblings"]) != {hang.line["odd"]}:
            pytest.fail(f"{kind}: the one that {KINDS[kind]} is {hang.line['odd']}, named: "
                        f"{named or 'nobody'}\n{report.text()}", pytrace=False)
        assert all(o.get("why") for o in odd)
