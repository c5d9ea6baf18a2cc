"""Whatever is asked for, and whatever it is asked of: one clear line and the documented exit code, never a hang.

Exit codes: 0 complete, 1 error (also: printed but not kept), 2 usage, 3 a report with holes, 4 no such report,
5 the root may not be looked at, 6 target gone or never there.
"""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys

import pytest

import support

support.need_hangwatch()

OK, ERROR, USAGE, HOLES, NO_REPORT, DENIED, GONE = range(7)
WHY = "run make badinput"
NOBODY = 65534


def assert_refused(result, code, *words):
    """The exit code, nothing on stdout, and one line on stderr that names what it is about."""
    assert result.code == code, result
    assert result.out == b"", result
    assert_one_line(result, *words)


def assert_one_line(result, *words):
    lines = result.err.splitlines()
    assert len(lines) == 1, result
    for word in words:
        assert str(word).lower() in lines[0].lower(), (word, result)


def unused_pid():
    """A pid that was alive a moment ago and is reaped now."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


@pytest.fixture
def sleeper():
    with support.target(["sleep", "600"], ready=None) as target:
        # Not in a read of its own file on the way there: nanosleep(2) or clock_nanosleep(2).
        support.wait_until(lambda: support.syscall(target.pid, target.pid) in ("35", "230"), "sleep to sleep")
        yield target


@pytest.fixture
def nobody(tmp_path):
    """The words that run a program as an unprivileged user, and where that user may write."""
    support.need_root("to become an unprivileged user")
    folder = tmp_path / "nobody"
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    if subprocess.run(as_nobody() + ["test", "-x", support.HANGWATCH]).returncode != 0:
        pytest.skip(f"an unprivileged user may not execute {support.HANGWATCH}")
    for parent in tmp_path.parents:
        if not os.stat(parent).st_mode & 0o001:
            folder = None
    return as_nobody(), {**os.environ, "XDG_STATE_HOME": str(folder) if folder else "/nonexistent"}


def as_nobody():
    return [support.need_command("setpriv"), f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
            "--inh-caps=-all", "--bounding-set=-all"]


# --- what is asked for ---------------------------------------------------------------------------


def test_no_such_pid(store):
    pid = unused_pid()
    assert_refused(support.hangwatch("dump", pid), GONE, pid)


@pytest.mark.parametrize("pid", ["abc", "12x", "-5", "0", "99999999999999999999", "", "1.5", " 1"])
def test_no_pid(pid, store):
    assert_refused(support.hangwatch("dump", "--", pid), USAGE)


def test_no_arguments(store):
    assert support.hangwatch("dump").code == USAGE


@pytest.mark.parametrize("options", [
    ["--no-such-option"], ["--samples", "0"], ["--samples", "-1"], ["--samples", "many"],
    ["--samples", "99999999999999999999"], ["--interval", "soon"], ["--interval", "-1s"],
    ["--interval", "5"], ["--interval", "5 parsecs"], ["--interval", "99999999999999999999s"],
    ["--stop", "maybe"], ["--stop-budget", "x"], ["--format", "nosuch"], ["--signal", "99"],
], ids=" ".join)
def test_bad_option(options, sleeper, store):
    result = support.hangwatch("dump", *options, sleeper.pid)
    assert result.code == USAGE and result.out == b"", result
    assert_one_line(result, options[-1])
    assert not list(store.rglob("*.hang"))


def test_unknown_command(store):
    assert_refused(support.hangwatch("dumb"), USAGE, "dumb")


@pytest.mark.parametrize("after", ["soon", "8 s", "-1s", "", "1e99s"])
def test_bad_duration(after, sleeper, store):
    assert_refused(support.hangwatch("attach", sleeper.pid, "--after", after, timeout=10), USAGE)


def test_one_of_several_is_gone(sleeper, store):
    """What can be looked at is looked at; what is missing is told, and is a hole."""
    pid = unused_pid()
    result = support.hangwatch("dump", "--json", "--samples", "1", sleeper.pid, pid)
    assert result.code == HOLES, result
    assert sleeper.pid in support.processes(result.report)
    assert str(pid) in result.err


# --- whose it is ---------------------------------------------------------------------------------


def test_init_as_nobody(nobody):
    words, env = nobody
    result = support.hangwatch("dump", 1, prefix=words, env=env)
    assert_refused(result, DENIED, "1")


def test_other_users_process(sleeper, nobody):
    words, env = nobody
    assert_refused(support.hangwatch("dump", sleeper.pid, prefix=words, env=env), DENIED, sleeper.pid)


def test_own_process_unprivileged(nobody):
    words, env = nobody
    with support.target(words + [support.program("levels", "levels")], env=env) as target:
        support.wait_until(lambda: support.all_blocked(support.tree(target.pid)), "the tree to park")
        # setpriv leaves the process dumpable again only after an exec: it is levels by now.
        result = support.hangwatch("dump", "--json", "--samples", "1", "--no-store", target.pid,
                                   prefix=words, env=env)
        assert result.code == OK, result
        threads = support.threads(result.report)
        assert len(threads) == 33
        assert all(t["complete"] for t in threads.values())


def kernel_thread():
    """A thread of the kernel, or None in a pid namespace where none is to be seen."""
    try:
        os.readlink("/proc/2/exe")
    except FileNotFoundError:
        return 2 if os.path.exists("/proc/2") else None
    except OSError:
        pass
    return None


def test_kernel_thread(store):
    if kernel_thread() is None:
        pytest.skip("no kernel thread is visible here")
    # Its descendants are all the kernel's threads: only the report itself matters.
    result = support.hangwatch("dump", "--json", "--samples", "1", kernel_thread())
    assert result.code == OK, result
    process = support.processes(result.report)[2]
    assert not support.native(process["threads"][0])


def test_zombie(store):
    process = subprocess.Popen(["true"])
    try:
        support.wait_until(lambda: support.state(process.pid) == "Z", "true to end")
        result = support.hangwatch("dump", "--json", process.pid)
        assert result.code == OK, result
        row = support.processes(result.report)[process.pid]
        assert row["state"].lower().startswith("z"), row
    finally:
        process.wait()


# --- what does not hold still --------------------------------------------------------------------


@pytest.mark.parametrize("life_ms", [0, 1, 2, 5, 10, 20, 50, 100, 250, 450])
def test_exits_meanwhile(life_ms, store):
    with support.target([support.program("badinput", "churn", why=WHY), "exit", str(life_ms)]) as target:
        result = support.hangwatch("dump", "--json", target.pid)
        assert result.code in (OK, HOLES, GONE), result
        if result.code == GONE:
            assert_one_line(result, target.pid)
        else:
            assert target.pid in support.processes(result.report)


@pytest.mark.parametrize("mode", ["auto", "always"])
@pytest.mark.parametrize("pause_ms", [0, 1, 3, 20, 100])
def test_execs_meanwhile(pause_ms, mode, store):
    """Nothing of one program may be explained by the other's symbols; here it is enough to survive."""
    argv = [support.program("badinput", "churn", why=WHY), "exec", "100000", str(pause_ms)]
    with support.target(argv) as target:
        for _ in range(5):
            result = support.hangwatch("dump", "--json", f"--stop={mode}", "--interval", "10ms", target.pid)
            assert result.code in (OK, HOLES), result
            assert target.pid in support.processes(result.report)
        assert support.alive(target.pid)
        assert support.status(target.pid, "TracerPid") == "0"


def test_fork_bomb(store):
    """500 short-lived children during the walk. The walk is bounded, and what it met is in the report."""
    with support.target([support.program("badinput", "churn", why=WHY), "fork", "500"]) as target:
        for _ in range(3):
            result = support.hangwatch("dump", "--json", "--samples", "1", target.pid, timeout=30)
            assert result.code in (OK, HOLES), result
            assert target.pid in support.processes(result.report)


# --- where it is kept ----------------------------------------------------------------------------


def test_full_disk(sleeper, tmp_path):
    support.need_root("to mount a small file system")
    if not support.may_unshare_mounts():
        pytest.skip("a mount namespace of one's own is not permitted here")
    script = (f'mount -t tmpfs -o size=16k none "{tmp_path}" || exit 99\n'
              f'dd if=/dev/zero of="{tmp_path}/fill" bs=4k 2>/dev/null\n'
              'exec "$@"')
    result = support.hangwatch("dump", sleeper.pid, prefix=["unshare", "-m", "sh", "-c", script, "sh"],
                               env={**os.environ, "XDG_STATE_HOME": str(tmp_path)})
    if result.code == 99:
        pytest.skip("a small file system may not be mounted here")
    assert result.code == ERROR, result
    assert_one_line(result, "space")
    assert str(sleeper.pid).encode() in result.out, "the report is printed though it cannot be kept"


def test_no_home(nobody):
    """Neither HOME nor XDG_STATE_HOME: printed, not kept, and said so."""
    words, _ = nobody
    with support.target(words + ["sleep", "600"], ready=None) as target:
        support.wait_until(lambda: support.all_blocked([target.pid]), "sleep to sleep")
        for env in ({"PATH": os.environ["PATH"]},
                    {"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
                    {"PATH": os.environ["PATH"], "HOME": "/proc"}):
            result = support.hangwatch("dump", "--samples", "1", target.pid, prefix=words, env=env)
            assert result.code == ERROR, result
            assert_one_line(result)
            assert str(target.pid).encode() in result.out
            result = support.hangwatch("dump", "--samples", "1", "--no-store", target.pid, prefix=words,
                                       env=env)
            assert result.code == OK and result.err == "", result


def test_few_descriptors(store):
    """64 descriptors for a tree of 9 processes and 33 threads: enough, or a gap, but never a crash."""
    with support.target([support.program("levels", "levels")]) as target:
        support.wait_until(lambda: support.all_blocked(support.tree(target.pid)), "the tree to park")
        result = support.hangwatch("dump", "--json", "--samples", "1", target.pid,
                                   prefix=[support.need_command("prlimit"), "--nofile=64:64"])
        assert result.code == OK, result
        assert len(support.threads(result.report)) == 33
        result = support.hangwatch("dump", "--json", "--samples", "1", target.pid,
                                   prefix=[support.need_command("prlimit"), "--nofile=12:12"])
        assert result.code in (OK, ERROR, HOLES), result


def test_few_descriptors_inherited(store):
    """A table that is nearly full to begin with."""
    extra = [os.open("/dev/null", os.O_RDONLY) for _ in range(40)]
    try:
        with support.target(["sleep", "600"], ready=None) as target:
            support.wait_until(lambda: support.all_blocked([target.pid]), "sleep to sleep")
            done = subprocess.run([support.HANGWATCH, "dump", "--json", "--samples", "1", str(target.pid)],
                                  capture_output=True, pass_fds=extra, timeout=support.DEADLINE_S,
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
            assert done.returncode in (OK, HOLES), done
            assert json.loads(done.stdout)["schema"] == 1
    finally:
        for fd in extra:
            os.close(fd)


@pytest.fixture
def kept(sleeper, store):
    """A report that was kept: its id and its file."""
    result = support.hangwatch("dump", "--json", "--samples", "1", sleeper.pid)
    assert result.code == OK, result
    path, = store.rglob("*.hang")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.name == result.report["id"] + ".hang"
    return result.report["id"], path


def test_unknown_id(store):
    for command in ("show", "rm"):
        assert_refused(support.hangwatch(command, "0123456789ab"), NO_REPORT, "0123456789ab")


def test_ambiguous_prefix(kept, store):
    identity, path = kept
    twin = identity[:-1] + ("0" if identity[-1] != "0" else "1")
    shutil.copy(path, path.with_name(twin + ".hang"))
    assert support.hangwatch("show", identity).code == OK
    for command in ("show", "rm"):
        result = support.hangwatch(command, identity[:-1])
        assert result.code == USAGE, result
        assert identity in result.err and twin in result.err, result
    assert path.exists()


@pytest.mark.parametrize("bad", ["", ".", "..", "/", "../x", "a/b", "\x1b[31m", "*", "x" * 5000])
def test_hostile_id(bad, kept):
    result = support.hangwatch("show", "--", bad)
    assert result.code in (USAGE, NO_REPORT, ERROR), result
    assert_no_control(result.err.encode())
    result = support.hangwatch("rm", "--", bad)
    assert result.code in (USAGE, NO_REPORT, ERROR), result
    assert kept[1].exists()


def damaged(data):
    """Ways in which a file can be broken, by name."""
    zstd = shutil.which("zstd")
    ways = {"empty": b"", "one byte": data[:1], "magic only": data[:4], "half": data[:len(data) // 2],
            "last byte missing": data[:-1], "no zstd": b"not a report\n" * 100,
            "zeroes": bytes(len(data)), "first flipped": bytes([data[0] ^ 0xff]) + data[1:],
            "middle flipped": data[:len(data) // 2] + bytes([data[len(data) // 2] ^ 0xff])
                              + data[len(data) // 2 + 1:],
            "twice": data + data, "tail of rubbish": data + b"rubbish"}
    if zstd:
        def pack(text):
            return subprocess.run([zstd, "-q", "-c"], input=text, capture_output=True, check=True).stdout

        ways |= {"no JSON": pack(b"no json"), "empty JSON": pack(b"{}"), "an array": pack(b"[]"),
                 "null": pack(b"null"), "schema 2": pack(b'{"schema": 2, "id": "0"}'),
                 "wrong types": pack(b'{"schema": 1, "id": 5, "processes": {"a": 1}}'),
                 "dangling reference": pack(b'{"schema": 1, "id": "00", "processes": [], "waits":'
                                            b' [{"id": "W0", "from": "T99", "on": "futex", "to": ["T98"]}]}'),
                 "deep": pack(b'{"schema": 1, "x": ' + b"[" * 100000 + b"]" * 100000 + b"}"),
                 "bomb": pack(b'{"schema": 1, "x": "' + bytes(b"a") * (256 << 20) + b'"}')}
    return ways


def test_damaged_files(kept, tmp_path):
    for name, data in damaged(kept[1].read_bytes()).items():
        path = tmp_path / "damaged.hang"
        path.write_bytes(data)
        result = support.hangwatch("show", path, timeout=30)
        if name in ("twice", "tail of rubbish") and result.code == OK:
            continue
        assert result.code == ERROR, (name, result)
        assert_one_line(result, "damaged.hang")


def test_damaged_file_in_the_store(kept, store):
    """One bad file does not hide the others."""
    identity, path = kept
    path.with_name("0" * len(identity) + ".hang").write_bytes(b"rubbish")
    result = support.hangwatch("list")
    assert identity[:4].encode() in result.out, result


def test_report_to_a_full_device(sleeper, store):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([support.HANGWATCH, "dump", "--samples", "1", str(sleeper.pid)], stdout=full,
                              stderr=subprocess.PIPE, timeout=support.DEADLINE_S)
    assert done.returncode == ERROR and len(done.stderr.splitlines()) == 1, done
    result = support.hangwatch("dump", "--samples", "1", "-o", "/dev/full", sleeper.pid)
    assert result.code == ERROR, result


def test_reader_goes_away(sleeper, store):
    """`hangwatch dump | head -1` is no error worth a line, and no signal death either."""
    process = subprocess.Popen([support.HANGWATCH, "dump", "--samples", "1", str(sleeper.pid)],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(support.DEADLINE_S) >= 0 or process.returncode == -signal.SIGPIPE
    assert len(err.splitlines()) <= 1, err


# --- what it is called ---------------------------------------------------------------------------

CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")


def assert_no_control(output):
    """No byte that a terminal acts on, but the newline; and nothing that is no UTF-8."""
    bad = CONTROL.search(output)
    assert not bad, output[max(0, bad.start() - 60):bad.end() + 60]
    output.decode("utf-8")


HOSTILE = {
    "escape": b"\x1b[2J\x1b]0;owned\x07",
    "newline": b"a\nHANG fake\nb",
    "carriage return": b"good\rbad",
    "backspace": b"rm\x08\x08ls",
    "invalid UTF-8": b"\xff\xfe\x80abc\xc3",
    "C1 control": b"\xc2\x9b31mred",
    "bidirectional": "abc\u202egnp.exe".encode(),
    "quotes": b"\"},{\"pid\":1,\\\\",
    "overlong": b"\xc0\xaf\xe0\x80\xaf",
    "surrogate": b"\xed\xa0\x80",
    "parentheses": b"x) R 1 (y",
    "long": b"A" * 4000,
}


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_names(name, tmp_path, store):
    program = support.program("badinput", "names", why=WHY)
    folder = os.path.join(os.fsencode(tmp_path), name.replace(b"/", b"")[:200])
    os.mkdir(folder)
    copy = os.path.join(folder, name.replace(b"/", b"")[:200])
    shutil.copy(program, copy)
    with support.target([copy, name, b"second " + name], cwd=folder) as target:
        support.wait_until(lambda: support.all_blocked(support.tree(target.pid)), "it to sleep")
        for options in (["--format", "text"], ["--all-frames"], ["--tree"], ["--fds"]):
            result = support.hangwatch("dump", "--samples", "1", *options, target.pid)
            assert result.code == OK, result
            assert_no_control(result.out)
            assert result.err == "", result
        result = support.hangwatch("dump", "--json", "--samples", "1", target.pid)
        assert_no_control(result.out)
        process = support.processes(result.report)[target.pid]
        assert process["threads"][0]["name"]
        identity = result.report["id"]
        assert_no_control(support.hangwatch("show", identity).out)
        assert_no_control(support.hangwatch("list").out)


def test_newline_forges_no_line(store):
    """A name cannot put a line of its own choosing on the screen."""
    with support.target([support.program("badinput", "names", why=WHY), "x\nVERDICT fake"]) as target:
        result = support.hangwatch("dump", "--samples", "1", target.pid)
        assert not re.search(rb"^VERDICT fake", result.out, re.M), result


# --- what it is made of --------------------------------------------------------------------------

LOAD_AND_PARK = """
import ctypes, os, sys
library = ctypes.CDLL(sys.argv[1])
os.write(1, b"READY\\n")
library.library_enter()
"""


@pytest.mark.parametrize("size", [0, 1, 64, 4096, 5000])
@pytest.mark.parametrize("mode", ["auto", "always"])
def test_truncated_library(size, mode, tmp_path, store):
    """The file of a mapped library is cut short while the stack goes through it."""
    source = os.path.join(support.BUILD, "tests", "badinput", "library.so")
    if not os.path.exists(source):
        pytest.skip(WHY)
    copy = tmp_path / "library.so"
    shutil.copy(source, copy)
    with support.target([sys.executable, "-c", LOAD_AND_PARK, str(copy)]) as target:
        support.wait_until(lambda: support.syscall(target.pid, target.pid) == "34", "pause() to be called")
        os.truncate(copy, size)
        result = support.hangwatch("dump", "--json", f"--stop={mode}", "--samples", "1", target.pid)
        assert result.code in (OK, HOLES), result
        thread, = support.processes(result.report)[target.pid]["threads"]
        assert thread["frames"], "the C library above it is intact"
        for frame in support.native(thread):
            assert frame.get("function") not in ("library_park", "library_enter") or size > 4096, frame
        assert support.alive(target.pid)


def test_file_that_is_no_program(tmp_path, store):
    """Executable mappings of a file that is no ELF, of garbage with ELF's magic, and of nothing at all."""
    script = """
import mmap, os, sys, time
maps = []
for name in sys.argv[1:]:
    with open(name, "rb") as f:
        maps.append(mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ | mmap.PROT_EXEC, flags=mmap.MAP_PRIVATE))
os.write(1, b"READY\\n")
time.sleep(600)
"""
    random_bytes = bytes((i * 197 + 13) % 256 for i in range(20000))
    with open("/usr/bin/true", "rb") as f:
        true = f.read()
    files = {"text": b"text\n" * 2000, "magic": b"\x7fELF" + random_bytes, "header": true[:64] + random_bytes,
             "cut": true[:len(true) // 2], "scrambled": true[:200] + random_bytes + true[20200:]}
    paths = []
    for name, data in files.items():
        path = tmp_path / name
        path.write_bytes(data)
        paths.append(str(path))
    with support.target([sys.executable, "-c", script, *paths]) as target:
        for mode in ("auto", "always"):
            report = support.dump(target.pid, "--samples", "1", f"--stop={mode}")
            thread, = support.processes(report)[target.pid]["threads"]
            assert thread["complete"], thread
