"""The animals of the zoo: every build, how it is started, and what may be expected of an unwinder there.

A build is `exact` where call frame information covers the whole stack, so that every frame of gdb's must be
found. Where it is not, nobody is complete; then it only counts that no frame is claimed that is not there.
"""

import contextlib
import os
import shutil
import sys
from dataclasses import dataclass

import pytest

import support


@dataclass(frozen=True)
class Build:
    name: str
    program: str
    exact: bool = True
    launch: str = "plain"
    arguments: tuple = ()
    note: str = ""

    @property
    def twin(self):
        """The build that has the symbols of this one."""
        return self.program.removesuffix("_stripped")


BUILDS = (
    Build("gcc -O2", "o2"),
    Build("gcc -O2, one thread running", "o2", arguments=("busy",)),
    Build("gcc -O0", "o0"),
    Build("frame pointers", "fp"),
    Build("not PIE", "nopie"),
    Build("static", "static"),
    Build("static-pie", "static_pie"),
    Build("stripped", "o2_stripped"),
    Build("static, stripped", "static_stripped"),
    Build("no .eh_frame_hdr", "nohdr"),
    Build(".debug_frame only", "debug_frame"),
    Build(".debug_frame only, compressed", "debug_frame_z"),
    Build("-z noseparate-code", "noseparate"),
    Build("lld", "lld"),
    Build("lld -z noseparate-code", "lld_noseparate"),
    Build("clang", "clang"),
    Build("C++", "cplusplus"),
    Build("Rust", "rust"),
    Build("signal frames", "signals", note="handler on the stack and on a sigaltstack, NULL call, wild call"),
    Build("signal frames, static", "signals_static", note="likewise"),
    Build("deleted binary", "o2", launch="deleted"),
    Build("replaced binary", "o2", launch="replaced"),
    Build("executed from a memfd", "o2", launch="memfd"),
    Build("other mount namespace", "o2", launch="mounts"),
    Build("chroot", "static", launch="chroot"),
    Build("other PID namespace", "o2", launch="pids"),
    Build("no CFI", "nocfi", exact=False, note="nothing tells how to unwind"),
    Build("no CFI, frame pointers", "nocfi_fp", exact=False, note="nothing tells how to unwind"),
    Build("musl", "musl", exact=False, note="its C library has no CFI"),
    Build("musl, static", "musl_static", exact=False, note="its C library has no CFI"),
)

WHY = {
    "lld": "ld.lld is not installed", "lld_noseparate": "ld.lld is not installed",
    "clang": "clang is not installed", "cplusplus": "g++ is not installed",
    "rust": "rustc is not installed", "musl": "musl-gcc is not installed",
    "musl_static": "musl-gcc is not installed",
}

# Executes an already open file: what a program looks like that has no path at all.
MEMFD = """
import os, sys
fd = os.memfd_create("zoo")
os.write(fd, open(sys.argv[1], "rb").read())
os.execve(fd, ["zoo"], os.environ)
"""


@contextlib.contextmanager
def started(build, folder):
    """The running, parked process of one build; its own pid even where a launcher is its parent."""
    path = support.program("zoo", build.program, why=WHY.get(build.program, "run make zoo"))
    copy = os.path.join(folder, "zoo")
    arguments = list(build.arguments)
    if build.launch in ("mounts", "chroot", "pids"):
        support.need_root(f"the launch '{build.launch}'")
    if build.launch == "plain":
        argv = [path]
    elif build.launch == "memfd":
        argv = [sys.executable, "-c", MEMFD, path]
    elif build.launch == "mounts":
        if not support.may_unshare_mounts():
            pytest.skip("a mount namespace of one's own is not permitted here")
        script = f'mount -t tmpfs none "{folder}" && cp "{path}" "{copy}" && exec "{copy}"'
        argv = ["unshare", "-m", "sh", "-c", script]
    elif build.launch == "chroot":
        shutil.copy(path, copy)
        argv = ["chroot", folder, "/zoo"]
    elif build.launch == "pids":
        argv = ["unshare", "--pid", "--fork", "--kill-child", path]
    else:
        shutil.copy(path, copy)
        argv = [copy]

    with support.target(argv + arguments, ready=None) as target:
        lines = _read_trails(target.process)
        pid = target.pid
        if build.launch == "pids":
            pid, = support.wait_until(lambda: support.children(target.pid), "the child of unshare")
        if build.launch == "deleted":
            os.unlink(copy)
        elif build.launch == "replaced":
            # Other contents under the same name: an unwinder that opens the name is misled.
            other = os.path.join(folder, "other")
            shutil.copy(support.program("zoo", "o0"), other)
            os.rename(other, copy)
        busy = 1 if "busy" in arguments else 0
        support.wait_until(
            lambda: sum(support.state(pid, t) != "S" for t in support.tasks(pid)) <= busy,
            "the threads of the zoo to park")
        yield pid, _own_namespace(pid, lines)


def _read_trails(process):
    """Reads the announced number of THREAD lines."""
    lines = []
    expect = None
    while expect is None or len(lines) < expect:
        line = process.stdout.readline().decode()
        assert line, "the program of the zoo ended before it had parked"
        word, rest = line.split(" ", 1)
        if word == "EXPECT":
            expect = int(rest)
        else:
            lines.append(line)
    return lines


def _own_namespace(pid, lines):
    """The same lines with thread ids as seen from here: those printed count in the target's namespace."""
    ids = {}
    for tid in support.tasks(pid):
        for line in support.read_text(f"/proc/{pid}/task/{tid}/status").splitlines():
            if line.startswith("NSpid:"):
                ids[int(line.split()[-1])] = tid
    translated = []
    for line in lines:
        word, tid, rest = line.split(" ", 2)
        translated.append(f"{word} {ids[int(tid)]} {rest}")
    return translated
