"""What the stacks of a process really are, found without hangwatch.

Two oracles. gdb attaches to a process of the test and lists its physical frames. The process itself told its
functions before it parked (trail.h); the symbol table of the build, read by nm, and the mappings, read from
/proc, turn an address into one of those names. The second one also holds where gdb is wrong, and it needs
neither names nor debug information from the tool under test.
"""

import bisect
import os
import re
import struct
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
GDB_DEADLINE_S = 120
PAGE = 4096

PT_LOAD = 1
PF_X = 1


def gdb_frames(pid):
    """{tid: [(pc, name)]}, innermost first, as gdb sees a process; without debug files, no network."""
    # The debug files of the C library change no physical frame, but cost gdb seconds a process.
    argv = ["gdb", "-batch", "-nx", "-iex", "set auto-load off", "-iex", "set debuginfod enabled off",
            "-iex", "set debug-file-directory /nonexistent", "-p", str(pid),
            "-x", os.path.join(HERE, "gdb_frames.py")]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="replace", timeout=GDB_DEADLINE_S,
                          env={**os.environ, "DEBUGINFOD_URLS": ""})
    frames = {}
    for line in done.stdout.splitlines():
        if line.startswith("FRAME "):
            _, tid, _, pc, name = line.split(" ", 4)
            frames.setdefault(int(tid), []).append((int(pc, 16), name))
    return frames


def eu_stack_frames(pid):
    """{tid: [pc]} as eu-stack of elfutils sees a process."""
    done = subprocess.run(["eu-stack", "-n", "0", "-p", str(pid)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, errors="replace",
                          timeout=GDB_DEADLINE_S, env={**os.environ, "DEBUGINFOD_URLS": ""})
    frames = {}
    tid = None
    for line in done.stdout.splitlines():
        if match := re.match(r"TID (\d+):", line):
            tid = int(match[1])
            frames[tid] = []
        elif match := re.match(r"#\d+\s+0x([0-9a-f]+)", line):
            frames[tid].append(int(match[1], 16))
    return frames


def trails(lines):
    """{tid: (wait, [function, …])}, innermost first, from what the program printed."""
    found = {}
    for line in lines:
        words = line.split()
        if words and words[0] == "THREAD":
            found[int(words[1])] = (words[2], words[3:])
    return found


class Maps:
    """The executable mappings of a process, and where its own program lies."""

    def __init__(self, pid):
        inode = os.stat(f"/proc/{pid}/exe").st_ino
        self.executable = []
        self.program = []
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as f:
            for line in f:
                span, perms, offset, _, ino = line.split()[:5]
                start, end = (int(x, 16) for x in span.split("-"))
                if "x" not in perms:
                    continue
                self.executable.append((start, end))
                if int(ino) == inode:
                    self.program.append((start, end, int(offset, 16)))

    def is_code(self, pc):
        return any(start <= pc < end for start, end in self.executable)


class Symbols:
    """Addresses of a running program to names of its own functions: those that begin with zoo_."""

    def __init__(self, path):
        self.segments = self._segments(path)
        self.starts, self.names = self._functions(path)

    @staticmethod
    def _segments(path):
        with open(path, "rb") as f:
            data = f.read(PAGE)
        phoff, = struct.unpack_from("<Q", data, 32)
        size, count = struct.unpack_from("<HH", data, 54)
        segments = []
        for i in range(count):
            kind, flags, offset, vaddr = struct.unpack_from("<IIQQ", data, phoff + i * size)
            if kind == PT_LOAD and flags & PF_X:
                segments.append((offset, vaddr))
        return segments

    @staticmethod
    def _functions(path):
        out = subprocess.run(["nm", "-C", "--defined-only", path], capture_output=True, text=True,
                             check=True).stdout
        found = {}
        for line in out.splitlines():
            value, kind, name = line.split(" ", 2)
            if kind in "tTwW":
                # A demangled path (crate::function::hash, class::method) is reduced to the part
                # that the program declares; other functions only bound it.
                match = re.match(r"(?:void |int )?(?:\w+::)?(zoo_\w+)", name)
                address = int(value, 16)
                if match or address not in found:
                    found[address] = match[1] if match else None
        starts = sorted(found)
        return starts, [found[s] for s in starts]

    def name(self, pc, maps):
        """The zoo_ function that contains an address of the running program, or None."""
        for start, end, offset in maps.program:
            if start <= pc < end:
                where = pc - start + offset
                for seg_offset, vaddr in self.segments:
                    if seg_offset - seg_offset % PAGE == offset:
                        i = bisect.bisect_right(self.starts, where - seg_offset + vaddr) - 1
                        return self.names[i] if i >= 0 else None
        return None

    def own(self, pcs, maps):
        """The zoo_ functions of a stack, innermost first.

        A return address belongs to the call before it, which may be the last byte of its function. An
        interrupted pc is no return address, but those of the zoo lie inside of their functions.
        """
        names = [self.name(pc if i == 0 else pc - 1, maps) for i, pc in enumerate(pcs)]
        return [name for name in names if name]
