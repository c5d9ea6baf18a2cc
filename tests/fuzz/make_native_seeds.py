"""Makes the seeds of the fuzzers elf, unwind and args: tests/fuzz/make_native_seeds.py, in the project's folder.

The seeds are kept in the repository, since other compilers make other bytes; this says what they are.
"""

import os
import struct
import subprocess
import tempfile

CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")
MEMORY = 0x10000

C = """
static int g;
__attribute__((noinline)) int leaf(int n) { g += n; return g; }
__attribute__((noinline)) int middle(int n) { int a[n]; a[0] = leaf(n); return a[0] + 1; }
int outer(int n) { return middle(n) + leaf(n + 1); }
"""
CXX = """
namespace a {
template <class T> struct B { __attribute__((noinline)) static int f(T x) { return x + 1; } };
int h(int x) { return B<int>::f(x) * 2; }
}
"""
SHARED = ["-nostdlib", "-shared", "-fPIC", "-fvisibility=hidden", "-O1",
          "-Wl,-z,noseparate-code,-z,max-page-size=4096,--hash-style=gnu"]
NO_EH = ["-g1", "-fno-asynchronous-unwind-tables"]


def run(*argv):
    subprocess.run(argv, check=True)


def elf_seeds(folder, out):
    c, cxx = os.path.join(folder, "seed.c"), os.path.join(folder, "seed.cc")
    with open(c, "w", encoding="ascii") as f:
        f.write(C)
    with open(cxx, "w", encoding="ascii") as f:
        f.write(CXX)
    run("gcc", *SHARED, c, "-o", f"{out}/plain.so")
    run("gcc", *SHARED, "-Wl,--no-eh-frame-hdr", c, "-o", f"{out}/nohdr.so")
    run("gcc", *SHARED, *NO_EH, "-gz=none", c, "-o", f"{out}/debug_frame.so")
    run("gcc", *SHARED, *NO_EH, "-gz=zlib", c, "-o", f"{out}/debug_frame_z.so")
    run("gcc", "-O1", "-c", c, "-o", f"{out}/object.o")
    run("g++", *SHARED, cxx, "-o", f"{out}/cxx.so")
    run("strip", "-o", f"{out}/stripped.so", f"{out}/plain.so")
    debug = os.path.join(folder, "debug")
    run("objcopy", "--only-keep-debug", f"{out}/plain.so", debug)
    run("xz", "-f", debug)
    run("objcopy", "--add-section", f".gnu_debugdata={debug}.xz", f"{out}/stripped.so", f"{out}/minidebug.so")


def symbols(path):
    out = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout
    return {words[2]: int(words[0], 16) for words in map(str.split, out.splitlines()) if len(words) == 3}


def unwind_seeds(elfs, out):
    for name in ("plain", "nohdr", "debug_frame"):
        path = f"{elfs}/{name}.so"
        with open(path, "rb") as f:
            elf = f.read()
        at = symbols(path)
        stack = struct.pack("<QQ", 0x400000 + at["outer"] + 0x12, 0x7F0000000100) * 64
        for function, inside in (("leaf", 2), ("middle", 20)):
            head = struct.pack("<8I", at[function] + inside, 64, 128, (function == "middle") << 6, 1, 0, 0, 0)
            with open(f"{out}/{name}-{function}", "wb") as f:
                f.write(head + stack + elf)


def args_seeds(out):
    m = MEMORY
    seeds = {
        "poll": (7, [m, 2, 1000], struct.pack("<ihhihh", 3, 1, 0, 4, 4, 0)),
        "ppoll": (271, [m, 1, m + 8], struct.pack("<ihhqq", 3, 1, 0, 5, 0)),
        "select": (23, [10, m, m + 128, 0, m + 256],
                   b"\xff" * 128 + b"\x01" * 128 + struct.pack("<qq", 3, 500000)),
        "mutex": (202 + 512, [m, 128, 2, 0], struct.pack("<5I", 2, 1, 1, 1, 0)),
        "rwlock": (202, [m + 12, 128, 2, 0], struct.pack("<8I", 1, 1, 2, 2, 0, 0, 1, 0)),
        "pi": (202, [m, 6 | 128, 0, m + 32],
               struct.pack("<5I", 0x80000001, 1, 1, 1, 32).ljust(32, b"\0") + struct.pack("<qq", 1800000000, 0)),
        "bitset": (202, [m, 9 | 128 | 256, 0, m + 32], bytes(32) + struct.pack("<qq", 1800000000, 0)),
        "join": (202, [m + 720, 9 | 256, 1, 0],
                 bytes(16) + struct.pack("<Q", m) + bytes(720 - 24) + struct.pack("<I", 1)),
        "sigwait": (128, [m, 0, m + 8], struct.pack("<Qqq", 0x10000, 9, 0)),
        "connect": (42, [3, m, 16], struct.pack("<H", 2) + b"\x1f\x90\x7f\0\0\1" + bytes(8)),
        "connect_unix": (42, [3, m, 30], struct.pack("<H", 1) + b"\0hidden name that is long\0\0"),
        "connect6": (42, [3, m, 28], struct.pack("<H", 10) + b"\x1f\x90" + bytes(19) + b"\1" + bytes(4)),
        "semop": (65, [7, m, 1], struct.pack("<Hhh", 1, -1, 0)),
        "sleep": (35, [m], struct.pack("<qq", 100, 0)),
    }
    for name, (nr, args, memory) in seeds.items():
        with open(f"{out}/{name}", "wb") as f:
            f.write(struct.pack("<7Q", nr, *args, *[0] * (6 - len(args))) + memory)


def main():
    for name in ("elf", "unwind", "args"):
        os.makedirs(f"{CORPUS}/{name}", exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        elf_seeds(folder, f"{CORPUS}/elf")
    unwind_seeds(f"{CORPUS}/elf", f"{CORPUS}/unwind")
    args_seeds(f"{CORPUS}/args")


if __name__ == "__main__":
    main()
