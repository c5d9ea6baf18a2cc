"""The command line as a contract: verbs, options, exit codes, what is kept and what is printed."""

import contextlib
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time

import pytest

import support

support.need_hangwatch()

OK, ERROR, USAGE, HOLES, NO_REPORT, DENIED, GONE = range(7)
CASE = pathlib.Path(__file__).parent / "golden" / "cases" / "unarmed_pidfd.json"
VERBS = ["dump", "attach", "run", "list", "show", "export", "diff", "rm", "doctor"]
FAST = ["--samples", "1", "--no-signal"]


@pytest.fixture
def sleeper():
    with support.target(["sleep", "600"], ready=None) as target:
        support.wait_until(lambda: support.all_blocked([target.pid]), "sleep to sleep")
        yield target


def kept(store):
    return sorted(p.stem for p in store.rglob("*.hang"))


def start(*args, **how):
    """hangwatch in the background, in a process group of its own."""
    return subprocess.Popen([support.HANGWATCH, *map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, start_new_session=True, **how)


def finish(process, timeout=support.DEADLINE_S):
    out, err = process.communicate(timeout=timeout)
    return support.Result(process.returncode, out, err.decode())


# --- help, version, completions ------------------------------------------------------------------


def test_version_and_help():
    assert re.fullmatch(rb"hangwatch \d+\.\d+\.\d+\n", support.hangwatch("--version").out)
    overview = support.hangwatch("--help").out.decode()
    for verb in VERBS:
        assert re.search(rf"^  {verb} ", overview, re.M), verb
        help_text = support.hangwatch(verb, "--help").out.decode()
        assert help_text.startswith(f"usage: hangwatch {verb} "), verb
        assert max(map(len, help_text.splitlines())) <= 100
    assert support.hangwatch().code == USAGE


def options_of(verb):
    return set(re.findall(r"^ .*?--([a-z-]+)", support.hangwatch(verb, "--help").out.decode(), re.M))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_list_every_option(shell):
    script = support.hangwatch("_completion", shell).out.decode()
    for verb in VERBS:
        assert verb in script
        for option in options_of(verb):
            assert option in script, (verb, option)
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


def test_bash_completion_completes():
    script = support.hangwatch("_completion", "bash").out.decode()
    ask = script + '\nCOMP_WORDS=(hangwatch show --ti); COMP_CWORD=2; _hangwatch; echo "${COMPREPLY[*]}"'
    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True)
    assert done.stdout.strip() == "--timeline"


def test_manual_knows_every_option():
    manual = (pathlib.Path(support.TOP) / "man" / "hangwatch.1").read_text()
    for verb in VERBS:
        assert re.search(rf"\bCm {verb}\b", manual), verb
        for option in options_of(verb) - {"help"}:
            assert f"Fl -{option}" in manual.replace("Fl \\-", "Fl -"), (verb, option)


# --- dump, list, show, rm ------------------------------------------------------------------------


def test_dump_keeps_and_prints(sleeper, store):
    result = support.hangwatch("dump", sleeper.pid, *FAST)
    assert result.code == OK and result.err == "", result
    identity, = kept(store)
    text = result.out.decode()
    assert text.startswith(f"HANG {identity}  {sleeper.pid} sleep")
    assert support.hangwatch("show", identity[:5]).out.decode() == text

    listed = support.hangwatch("list").out.decode()
    assert identity in listed and f"{sleeper.pid} sleep" in listed
    row, = support.hangwatch("list", "--json").report
    assert row["id"] == identity and row["pid"] == sleeper.pid and row["bytes"] > 100
    assert row["class"] == support.hangwatch("show", identity, "--json").report["verdict"]["class"]

    assert support.hangwatch("rm", identity[:6]).code == OK
    assert kept(store) == [] and support.hangwatch("list").out == b""
    assert support.hangwatch("rm", identity).code == NO_REPORT


def test_no_store(sleeper, store):
    result = support.hangwatch("dump", sleeper.pid, "--no-store", *FAST)
    assert result.code == OK and kept(store) == []


def test_output_file(sleeper, store, tmp_path):
    for name, begins in (("r.json", b"{"), ("r.txt", b"HANG "), ("r.html", b"<!doctype"), ("plain", b"HANG ")):
        path = tmp_path / name
        result = support.hangwatch("dump", sleeper.pid, "-o", path, *FAST)
        assert result.code == OK and result.out == b"", result
        assert path.read_bytes().startswith(begins), name
        assert path.stat().st_mode & 0o777 == 0o600
    assert len(kept(store)) == 4
    # A .hang file is the report itself: kept there, and printed as ever.
    path = tmp_path / "r.hang"
    result = support.hangwatch("dump", sleeper.pid, "-o", path, *FAST)
    assert result.code == OK and result.out.startswith(b"HANG ")
    assert len(kept(store)) == 4
    assert support.hangwatch("show", path).out == result.out


def test_output_to_a_missing_directory(sleeper, store, tmp_path):
    result = support.hangwatch("dump", sleeper.pid, "-o", tmp_path / "no" / "r.json", *FAST)
    assert result.code == ERROR and len(result.err.splitlines()) == 1, result


def test_by_name(store, tmp_path):
    program = tmp_path / "wants-a-name"
    program.symlink_to(support.need_command("sleep"))
    with support.target([str(program), "600"], ready=None) as one:
        support.wait_until(lambda: support.all_blocked([one.pid]), "it to sleep")
        result = support.hangwatch("dump", "--json", "--name", "wants-a-n?me", *FAST)
        assert result.code == OK and one.pid in support.processes(result.report), result
        with support.target([str(program), "600"], ready=None) as two:
            support.wait_until(lambda: support.all_blocked([two.pid]), "it to sleep")
            result = support.hangwatch("dump", "--name", "wants-a-name", *FAST)
            assert result.code == USAGE and result.out == b"", result
            assert str(one.pid) in result.err and str(two.pid) in result.err
    assert support.hangwatch("dump", "--name", "wants-a-name", *FAST).code == GONE


def test_name_of_a_forked_tree_is_its_top(store):
    """Workers are called as their parent is: that is one tree, not an ambiguity."""
    script = "import os, time\nfor _ in range(3):\n  if os.fork() == 0: break\nos.write(1, b'READY\\n')\ntime.sleep(600)"
    name = f"tree-{os.getpid()}"
    with support.target([name, "-c", script], executable=sys.executable) as target:
        result = support.hangwatch("dump", "--json", "--name", name, *FAST)
        assert result.code == OK, result
        assert result.report["processes"][0]["pid"] == target.pid


@pytest.mark.parametrize("arguments", [["--name", "x", "1"], ["--name", "x", "--unit", "y"], []], ids=str)
def test_one_way_to_say_what(arguments, store):
    assert support.hangwatch("dump", *arguments).code == USAGE


def test_unit_that_does_not_run(store):
    result = support.hangwatch("dump", "--unit", "no-such-unit-runs-here")
    assert result.code == GONE and "no-such-unit-runs-here.service" in result.err, result


def test_a_thread_s_id_stands_for_its_process(store):
    with support.target([support.program("levels", "levels")]) as target:
        support.wait_until(lambda: support.all_blocked(support.tree(target.pid)), "the tree to park")
        child = next(p for p in support.tree(target.pid) if len(support.tasks(p)) > 1)
        tid = next(t for t in support.tasks(child) if t != child)
        assert child in support.processes(support.dump(tid, *FAST))


def test_reanalyse(store):
    """The verdict is a function of the facts: no process is needed, and twice gives the same."""
    first = support.hangwatch("show", CASE, "--reanalyse", "--json")
    assert first.code == OK, first
    assert support.hangwatch("show", CASE, "--reanalyse", "--json").out == first.out


def test_export(store, tmp_path):
    for name in ("json", "html", "github", "perfetto", "speedscope"):
        path = tmp_path / name
        assert support.hangwatch("export", CASE, "--format", name, "-o", path).code == OK
        assert path.read_bytes() == support.hangwatch("export", CASE, "--format", name).out
    assert support.hangwatch("export", CASE).code == USAGE


def test_store_is_bounded(sleeper, store):
    assert support.hangwatch("dump", sleeper.pid, *FAST).code == OK
    folder = store / "hangwatch"
    first, = folder.glob("*.hang")
    for i in range(205):
        copy = folder / f"aaaa{i:04x}.hang"
        copy.write_bytes(first.read_bytes())
        os.utime(copy, (1000 + i, 1000 + i))
    (folder / "note.txt").write_text("not a report")
    assert support.hangwatch("dump", sleeper.pid, *FAST).code == OK
    names = {p.stem for p in folder.glob("*.hang")}
    assert len(names) == 200 and first.stem in names
    assert "aaaa0000" not in names and "aaaa00cc" in names
    assert (folder / "note.txt").exists()


def test_store_refuses_what_is_not_its_own(sleeper, store, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (store / "hangwatch").symlink_to(other)
    result = support.hangwatch("dump", sleeper.pid, *FAST)
    assert result.code == ERROR and len(result.err.splitlines()) == 1 and list(other.iterdir()) == [], result
    (store / "hangwatch").unlink()
    (store / "hangwatch").mkdir()
    (store / "hangwatch").chmod(0o777)
    result = support.hangwatch("dump", sleeper.pid, *FAST)
    assert result.code == ERROR and "chmod" in result.err, result


def test_no_link_is_followed_inside_the_store(store, tmp_path):
    secret = tmp_path / "secret.hang"
    assert support.hangwatch("show", CASE, "-o", secret).code == OK
    folder = store / "hangwatch"
    folder.mkdir(mode=0o700)
    (folder / "abcdef01.hang").symlink_to(secret)
    assert support.hangwatch("list").out == b""
    assert support.hangwatch("show", "abcdef01").code == NO_REPORT


def test_doctor(store):
    text = support.hangwatch("doctor")
    assert text.code == OK and text.err == "", text
    rows = support.hangwatch("doctor", "--json").report
    assert {"name", "state", "text", "fix"} == set(rows[0])
    assert {r["state"] for r in rows} <= {"ok", "less", "missing"}
    assert all(r["fix"] is None for r in rows if r["state"] == "ok")
    for row in rows:
        assert row["name"] in text.out.decode()


# --- colour, pager -------------------------------------------------------------------------------


def on_terminal(argv, env=None, keys=b""):
    """What a program writes to a terminal."""
    pid, master = pty.fork()
    if pid == 0:
        os.execvpe(argv[0], argv, {**os.environ, "TERM": "xterm", **(env or {})})
    out = b""
    end = time.monotonic() + support.DEADLINE_S
    if keys:
        os.write(master, keys)
    with contextlib.suppress(OSError):
        while time.monotonic() < end and select.select([master], [], [], 10)[0]:
            chunk = os.read(master, 65536)
            if not chunk:
                break
            out += chunk
    os.close(master)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), out


def test_colour_only_on_a_terminal():
    argv = [support.HANGWATCH, "show", "--no-pager", str(CASE)]
    _, out = on_terminal(argv)
    assert b"\x1b[" in out
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        _, out = on_terminal(argv, env)
        assert b"\x1b[" not in out and b"VERDICT" in out
    assert b"\x1b[" not in support.hangwatch("show", CASE).out


def test_pager():
    argv = [support.HANGWATCH, "show", str(CASE)]
    _, out = on_terminal(argv, {"PAGER": "sed s/^/P:/"})
    assert b"P:" in out and b"VERDICT" in out
    code, out = on_terminal(argv, {"PAGER": "head -n 1 >/dev/null"})
    assert code == OK, out
    _, out = on_terminal(argv + ["--no-pager"], {"PAGER": "sed s/^/P:/"})
    assert b"P:" not in out


# --- attach --------------------------------------------------------------------------------------


def test_attach_reports_and_ends(sleeper, store):
    result = support.hangwatch("attach", sleeper.pid, "--after", "300ms", "--once", *FAST)
    assert result.code == OK, result
    assert result.out.count(b"HANG ") == 1 and len(kept(store)) == 1
    trigger = support.hangwatch("show", kept(store)[0], "--json").report["trigger"]
    assert trigger["kind"] == "wall-clock" and trigger["after_s"] == 0.3 and trigger["at_s"] >= 0.3


def test_attach_again_at_twice_the_time(sleeper, store):
    result = support.hangwatch("attach", sleeper.pid, "--after", "200ms", "--max-reports", "3", *FAST)
    assert result.code == OK and len(kept(store)) == 3, result
    triggers = [support.hangwatch("show", i, "--json").report["trigger"] for i in kept(store)]
    after = sorted(t["after_s"] for t in triggers)
    # A time that passed while a report was made is left out: the next is twice, or four times, as long.
    assert after[0] == 0.2 and all(b / a in (2, 4, 8, 16, 32, 64) for a, b in zip(after, after[1:])), after
    assert all(t["at_s"] >= t["after_s"] for t in triggers), triggers


def test_attach_numbers_its_files(sleeper, store, tmp_path):
    path = tmp_path / "r.json"
    result = support.hangwatch("attach", sleeper.pid, "--after", "200ms", "--max-reports", "2", "-o", path, *FAST)
    assert result.code == OK and result.out == b"", result
    ids = [json.loads((tmp_path / name).read_text())["id"] for name in ("r.json", "r.2.json")]
    assert sorted(ids) == kept(store)


def test_progress_when_it_takes_long(sleeper, store):
    result = support.hangwatch("dump", sleeper.pid, "--samples", "7", "--interval", "300ms", "--no-signal")
    assert result.code == OK and len(result.progress) == 1 and not result.err, result


def test_attach_says_when_nothing_crossed(store):
    process = subprocess.Popen(["sleep", "0.5"])
    try:
        result = support.hangwatch("attach", process.pid, "--after", "1h")
    finally:
        process.wait()
    assert result.code == OK and result.out == b"" and "ended" in result.err, result
    assert kept(store) == []


def test_attach_captures_now(sleeper, store):
    process = start("attach", sleeper.pid, "--after", "1h", "--once", *FAST)
    try:
        support.wait_until(lambda: "4007" in (support.status(process.pid, "SigBlk") or ""), "it to watch")
        process.send_signal(signal.SIGQUIT)
        result = finish(process)
    finally:
        process.kill()
    assert result.code == OK and len(kept(store)) == 1, result
    report = support.hangwatch("show", kept(store)[0], "--json").report
    assert report["trigger"]["kind"] == "manual"
    # That it was watched and nothing happened is known, unlike before a dump.
    assert [(e["kind"], e["at_s"]) for e in report["events"] if e["kind"] != "capture"] == [("mark", 0)]


def test_attach_interrupted(sleeper, store):
    process = start("attach", sleeper.pid, "--after", "1h")
    try:
        support.wait_until(lambda: "4007" in (support.status(process.pid, "SigBlk") or ""), "it to watch")
        process.send_signal(signal.SIGINT)
        assert finish(process).code == 128 + signal.SIGINT
    finally:
        process.kill()
    assert support.alive(sleeper.pid)


def test_attach_to_nobody(store):
    process = subprocess.Popen(["true"])
    process.wait()
    result = support.hangwatch("attach", process.pid)
    assert result.code == GONE and len(result.err.splitlines()) == 1, result


# --- run -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("script, code", [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -9 $$", 137)])
def test_run_exit_status(script, code, store):
    result = support.hangwatch("run", "--", "sh", "-c", script)
    assert result.code == code and result.err == "" and result.out == b"", result


def test_run_not_found_not_executable(store, tmp_path):
    result = support.hangwatch("run", "--", "/no/such/command")
    assert result.code == 127 and "/no/such/command" in result.err and len(result.err.splitlines()) == 1, result
    result = support.hangwatch("run", "--", tmp_path)
    assert result.code == 126 and len(result.err.splitlines()) == 1, result
    assert support.hangwatch("run").code == USAGE
    assert support.hangwatch("run", "--no-such-option", "true").code == USAGE


def test_run_leaves_options_to_the_command(store):
    result = support.hangwatch("run", "echo", "--after", "8s", "--json")
    assert result.code == 0 and result.out == b"--after 8s --json\n", result


def test_run_reports(store):
    result = support.hangwatch("run", "--after", "300ms", "--once", "--json", *FAST, "--", "sleep", "1")
    assert result.code == 0 and len(kept(store)) == 1, result
    process, = [p for p in result.report["processes"] if p["root"]]
    assert process["name"] == "sleep"


def test_run_passes_on_sigterm(store):
    script = "trap 'echo got it; exit 3' TERM; echo ready; while :; do sleep 0.05; done"
    process = start("run", "--after", "1h", "--", "sh", "-c", script)
    try:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        result = finish(process)
    finally:
        process.kill()
    assert result.code == 3 and result.out == b"got it\n", result


def test_run_on_hang_kill(store):
    script = "(trap '' TERM; sleep 600 & sleep 600) & sleep 600 & wait"
    # Once: where all takes its time the tree has not ended yet when twice the time has passed.
    result = support.hangwatch("run", "--after", "300ms", "--once", "--on-hang=kill", *FAST, "--", "sh", "-c", script)
    assert result.code == 137 and len(kept(store)) == 1, result
    pids = [p["pid"] for p in support.hangwatch("show", kept(store)[0], "--json").report["processes"] if p["name"] == "sleep"]
    assert len(pids) == 3
    support.wait_until(lambda: not any(support.alive(p) and support.status(p, "Name") == "sleep" for p in pids),
                       "the tree to be gone")


def test_run_on_hang_stop(store):
    process = start("run", "--after", "300ms", "--on-hang", "stop", *FAST, "--", "sleep", "600")
    try:
        support.wait_until(lambda: any(support.state(p) == "T" for p in support.children(process.pid)), "it to stop")
        # Beside it hangwatch may have a child of its own, which looks at it.
        child, = [p for p in support.children(process.pid) if support.state(p) == "T"]
        os.kill(child, signal.SIGKILL)
        assert finish(process).code == 137
    finally:
        process.kill()


def test_run_on_hang_spares_others(sleeper, store):
    result = support.hangwatch("run", "--after", "200ms", "--on-hang", "kill", *FAST, "--", "sleep", "600")
    assert result.code == 137
    assert support.alive(sleeper.pid)


def test_run_gives_the_command_its_signals_back(store):
    """Neither our blocked signals nor our ignored SIGPIPE are inherited."""
    result = support.hangwatch("run", "--", "grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status")
    mine = support.read_text("/proc/self/status")
    for line in result.out.decode().splitlines():
        name, value = line.split()
        if name == "SigBlk:":
            assert int(value, 16) == 0
        else:
            # Python ignores SIGPIPE and SIGXFSZ, and so do its children unless told otherwise.
            assert int(value, 16) & ~int(re.search(r"SigIgn:\s*(\w+)", mine).group(1), 16) == 0


def test_run_on_a_terminal():
    """The command is in the foreground, and the terminal's interrupt ends it."""
    script = "import os, sys, time; print(os.tcgetpgrp(0) == os.getpgrp(), flush=True); time.sleep(600)"
    argv = [support.HANGWATCH, "run", "--after", "1h", "--", sys.executable, "-c", script]
    pid, master = pty.fork()
    if pid == 0:
        # A shell's background job has it ignored, and so would all that it starts.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.execv(argv[0], argv)
    out = b""
    end = time.monotonic() + support.DEADLINE_S
    while b"\n" not in out and time.monotonic() < end:
        out += os.read(master, 1000)
    os.write(master, b"\x03")
    # Python turns SIGINT into an exception and then ends by the signal.
    with contextlib.suppress(OSError):
        while select.select([master], [], [], max(0, end - time.monotonic()))[0] and os.read(master, 65536):
            pass
    if not select.select([master], [], [], 0)[0]:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(master)
    assert b"True" in out
    assert os.waitstatus_to_exitcode(status) == 128 + signal.SIGINT


# --- diff ----------------------------------------------------------------------------------------


def test_diff_of_the_same_report(store):
    result = support.hangwatch("diff", CASE, CASE)
    assert result.code == OK and b"no difference" in result.out, result


def test_diff(store, tmp_path):
    report = json.loads(CASE.read_text())
    report["id"] = "0000beef"
    report["verdict"]["class"] = "TIMER"
    report["groups"][0]["title"] = "elsewhere > epoll_wait"
    report["processes"][1]["exit"] = None
    report["waits"] = report["waits"][:2]
    report["verdict"]["chain"] = ["W0", "W1"]
    other = tmp_path / "other.json"
    other.write_text(json.dumps(report))
    result = support.hangwatch("diff", CASE, other)
    assert result.code == OK, result
    text = result.out.decode()
    for word in ("91dfd000", "0000beef", "LOST_PEER", "TIMER", "elsewhere", "PID convert"):
        assert word in text, (word, text)
    assert support.hangwatch("diff", CASE).code == USAGE
