"""No blocking call of a target returns because of a capture.

tests/eintr runs 47 blocking calls, each in a process of its own, and records in shared memory what each of
them returned, if it did. A plain debugger's stop ends 13 of them.
"""

import contextlib
import mmap
import os
import signal
import struct

import pytest

import support

support.need_hangwatch()

# struct record of tests/eintr/eintr.c
RECORD = struct.Struct("@iilI40si")
CALLS = 47
WAITING, RETURNED, REFUSED = 1, 2, 3

# What a stop changes even with the repair of EINTR. A send() that has handed over a part of its bytes returns
# that count when it is interrupted; the kernel has nothing to restart, and nothing says EINTR.
EXCEPTIONS = {"send with SO_SNDTIMEO"}


class Calls:
    """The running calls: what each of them says."""

    def __init__(self, pid, memory):
        self.pid = pid
        self.memory = memory

    def records(self):
        for i in range(CALLS):
            state, pid, result, error, name, _ = RECORD.unpack_from(self.memory, i * RECORD.size)
            yield name.rstrip(b"\0").decode(), state, pid, result, error

    def waiting(self):
        return {pid for _, state, pid, _, _ in self.records() if state == WAITING}

    def returned(self):
        """{name: what it returned} of the calls that came back."""
        return {name: f"{result}, {os.strerror(error)}" if result < 0 else str(result)
                for name, state, _, result, error in self.records() if state == RETURNED}

    def refused(self):
        return {name: os.strerror(error) for name, state, _, _, error in self.records()
                if state == REFUSED}


@contextlib.contextmanager
def running(folder):
    path = folder / "records"
    with support.target([support.program("eintr", "eintr", why="run make eintr"), str(path)]) as target:
        with open(path, "rb") as f, mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as memory:
            calls = Calls(target.pid, memory)
            support.wait_until(lambda: support.all_blocked(calls.waiting()), "the calls to block")
            try:
                yield calls
            finally:
                # It removes its System V objects, which would outlive it.
                os.kill(target.pid, signal.SIGTERM)
                target.process.wait(support.DEADLINE_S)


@pytest.mark.parametrize("mode", ["auto", "never", "always"])
def test_calls(mode, tmp_path, store):
    with running(tmp_path) as calls:
        before = calls.waiting()
        refused = calls.refused()
        assert len(before) + len(refused) == CALLS, calls.returned()
        report = support.dump(calls.pid, f"--stop={mode}")
        processes = support.processes(report)
        assert before <= processes.keys()
        returned = calls.returned()
        allowed = EXCEPTIONS if mode == "always" else set()
        assert returned.keys() <= allowed, returned
        assert not any(v.startswith("-1") for v in returned.values()), returned
        if mode != "always":
            stopped = [t for p in before for t in processes[p]["threads"] if t["stopped_us"]]
            assert not stopped, stopped
        # Again: a call that was stopped once is now a restarted one.
        support.dump(calls.pid, f"--stop={mode}")
        assert calls.returned().keys() <= allowed, calls.returned()
    if refused:
        pytest.skip(f"the kernel refuses here: {refused}; all others are as they should be")
