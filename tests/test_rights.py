"""What is refused, by whom and why: each refusal is a gap with its reason and its cure, and the rest is there."""

import os
import subprocess

import pytest

import support

support.need_hangwatch()

NOBODY = ["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]

# Runs the rest of its arguments under a filter that refuses ptrace, as container runtimes and yama do: the same EPERM.
NO_PTRACE = ["/usr/bin/python3", "-c", """
import ctypes, os, struct, sys
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
code = [(LOAD, 0, 0, 0), (JUMP_EQUAL, 0, 1, 101), (RETURN, 0, 0, 0x00050000 | 1), (RETURN, 0, 0, 0x7fff0000)]
text = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *x) for x in code))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code), ctypes.addressof(text)))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program) == 0
os.environ["ASAN_OPTIONS"] = "detect_leaks=0" # it looks for them by ptrace
os.execv(sys.argv[1], sys.argv[1:])
"""]

# Runs the rest of its arguments where /proc/sys/kernel says that yama restricts ptrace.
YAMA = """
mount -t tmpfs tmpfs /proc/sys/kernel && mkdir /proc/sys/kernel/yama && echo 1 >/proc/sys/kernel/yama/ptrace_scope &&
exec "$@"
"""

# Runs the rest of its arguments in a mount namespace whose /proc is a new one that hides what is not one's own.
HIDEPID = """
mount --make-rprivate / && mount -t proc -o hidepid="$1" proc /proc && shift && exec "$@"
"""

# Its main thread sleeps, the other one runs.
SPINNER = ["/usr/bin/python3", "-c", """
import threading
threading.Thread(target=lambda: [0 for _ in iter(int, 1)], daemon=True).start()
print("READY", flush=True)
threading.Event().wait()
"""]

TWO_USERS = """
import os
if os.fork() == 0:
    os.setresuid(65533, 65533, 65533)
    os.execvp("sleep", ["sleep", "600"])
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
os.execvp("sh", ["sh", "-c", "echo READY; sleep 600 & wait"])
"""


@pytest.fixture
def nobody():
    """The words that run a program as an unprivileged user."""
    support.need_root("to become an unprivileged user")
    words = [support.need_command("setpriv"), *NOBODY]
    if subprocess.run([*words, "test", "-x", support.HANGWATCH]).returncode != 0:
        pytest.skip(f"an unprivileged user may not execute {support.HANGWATCH}")
    return words


def unprivileged(pid, prefix, codes=(0, 3)):
    return support.dump(pid, "--samples", "2", "--interval", "20ms", "--no-store", prefix=prefix, codes=codes)


def hole_about(report, node):
    found = [g for g in report["gaps"] if g.get("about") == node and g["hole"]]
    assert found, report["gaps"]
    return found[0]


def the_running(report, pid):
    return next(t for t in support.processes(report)[pid]["threads"] if t["tid"] != pid)


def test_no_ptrace(nobody):
    """Where stops are refused, sleepers are seen all the same; what is missing is said with its reason."""
    with support.target([*nobody, *SPINNER]) as target:
        report = unprivileged(target.pid, [*nobody, *NO_PTRACE], codes=(3,))
        assert support.processes(report)[target.pid]["threads"][0]["complete"]
        gap = hole_about(report, the_running(report, target.pid)["id"])
        assert "seccomp" in gap["why"] and gap["fix"], gap
        assert all(t["stopped_us"] == 0 for t in support.threads(report).values())


def test_yama(nobody):
    if not support.may_unshare_mounts():
        pytest.skip("no mount namespace may be had here")
    fake = ["unshare", "-m", "sh", "-c", YAMA, "sh"]
    with support.target([*nobody, *SPINNER]) as target:
        report = unprivileged(target.pid, [*fake, *nobody, *NO_PTRACE], codes=(3,))
        gap = hole_about(report, the_running(report, target.pid)["id"])
        assert "yama.ptrace_scope is 1" in gap["why"] and "sysctl kernel.yama" in gap["fix"], gap


def test_another_users_child(nobody):
    """A tree may change hands half-way: what belongs to others is a row with its reason."""
    with support.target(["/usr/bin/python3", "-c", TWO_USERS]) as target:
        support.wait_until(lambda: len(support.children(target.pid)) == 2, "both children")
        support.wait_until(lambda: support.all_blocked(support.tree(target.pid)), "all to sleep")
        other = next(c for c in support.children(target.pid) if os.stat(f"/proc/{c}").st_uid == 65533)
        report = unprivileged(target.pid, nobody, codes=(3,))
        found = support.processes(report)
        gap = hole_about(report, found[other]["id"])
        assert "runs as user 65533" in gap["why"] and "sudo" in gap["fix"], gap
        assert found[other]["name"] == "sleep" and found[other]["state"] == "S"
        assert all(t["complete"] for p in found if p != other for t in found[p]["threads"])


@pytest.mark.parametrize("how", ["1", "2"])
def test_another_users_child_is_hidden(nobody, how):
    """Where /proc hides it, its parent's list of children still names it: one row that does not claim its end."""
    if not support.may_unshare_mounts():
        pytest.skip("no mount namespace may be had here")
    if tuple(map(int, os.uname().release.split(".")[:2])) < (5, 8):
        pytest.skip("before Linux 5.8 hidepid belongs to the PID namespace, which is the machine's")
    hide = ["unshare", "-m", "--propagation", "private", "sh", "-c", HIDEPID, "sh", how]
    with support.target(["/usr/bin/python3", "-c", TWO_USERS]) as target:
        support.wait_until(lambda: len(support.children(target.pid)) == 2, "both children")
        support.wait_until(lambda: support.all_blocked(support.tree(target.pid)), "all to sleep")
        other = next(c for c in support.children(target.pid) if os.stat(f"/proc/{c}").st_uid == 65533)
        report = unprivileged(target.pid, [*hide, *nobody], codes=(3,))
        assert sorted(p["pid"] for p in report["processes"]) == sorted(support.tree(target.pid))
        found = support.processes(report)[other]
        about = [g for g in report["gaps"] if g.get("about") == found["id"]]
        assert len(about) == 1 and "hidepid" in about[0]["why"] and about[0]["fix"], about
        assert found.get("state") is None and found["parent"] == support.processes(report)[target.pid]["id"], found
        holders = [g for g in report["gaps"] if g["what"].startswith("who else holds")]
        assert how == "1" or "hidepid" in holders[0]["why"], report["gaps"]



# A pipe that its reader holds open for writing, so that nobody else can end the wait.
OWN_PIPE = ["/usr/bin/python3", "-c", "import os; r, w = os.pipe(); print('READY', flush=True); os.read(r, 1)"]


def test_more_capable_parent():
    """Descriptors that can be listed but not read may be anything: who shows only those is no proof that he holds nothing."""
    support.need_root("to give up a capability")
    less = [support.need_command("setpriv"), "--inh-caps=-sys_ptrace", "--bounding-set=-sys_ptrace"]
    with support.target([*less, *OWN_PIPE]) as target:
        support.wait_until(lambda: support.all_blocked(support.tree(target.pid)), "it to sleep")
        report = unprivileged(target.pid, less)
        assert report["verdict"]["class"] != "LOST_PEER", report["verdict"]
        assert any("capabilities" in (g.get("fix") or "") for g in report["gaps"]), report["gaps"]
        pipes = [r for r in report["resources"] if r["kind"] == "pipe"]
        assert pipes and not any(r.get("holders_complete") for r in pipes), pipes
