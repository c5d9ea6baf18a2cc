"""Python processes in unusual states: starting, forked a moment ago, ending, with several interpreters, with threads of C."""

import contextlib
import os
import pathlib
import tempfile
import time

import pytest
import reading
import support


@contextlib.contextmanager
def hanging(env, state, *prefix):
    """programs/states.py while it hangs: (pid, report)."""
    argv = [*prefix, *env.command("-B", "-W", "ignore", str(reading.PROGRAMS / "states.py"), state)]
    inside = reading.envs.environment(env.interpreter.root is not None)
    with support.target(argv, env=inside) as target:
        time.sleep(0.1)    # from READY into the sleep
        support.wait_until(lambda: support.all_blocked(support.tree(target.pid)), "everybody sleeps")
        yield target.pid, reading.read(target.pid, "--native")


def short(frames):
    """Python functions, outermost first, without the classes and functions that they are defined in."""
    return [function.rsplit(".")[-1] for function, _, _ in reading.frames(frames)]


def functions(process):
    """Of each thread of a process."""
    return [short(t.get("frames")) for t in process["threads"]]


def named(report):
    """The threads of the root by the name that Python has for them."""
    threads = {t["id"]: t for t in report["processes"][0]["threads"]}
    return {f["text"]: threads[f["about"]] for f in reading.facts(report, "thread_name") if f["about"] in threads}


def broken(report):
    """Gaps that say that frames are missing or out of order."""
    return [g for g in report["gaps"] if "rames" in g["what"]]


@reading.each(trio=False)
def test_hangs_in_after_fork(env):
    with hanging(env, "in_after_fork") as (_, report):
        parent, child = report["processes"]
        assert not broken(report)
        assert functions(child) == [["<module>", "in_after_fork", "block"]]
        assert ["<module>", "in_after_fork", "wait_for"] in functions(parent) and len(parent["threads"]) == 2
        assert not reading.facts(report, "stale_thread_states")


@reading.each(trio=False)
def test_hangs_between_fork_and_handler(env):
    """The interpreter's notes are still the parent's: ids of threads that the child does not have."""
    with hanging(env, "between_fork_and_handler") as (_, report):
        child = report["processes"][1]
        assert not broken(report)
        assert functions(child) == [["<module>", "between_fork_and_handler", "fork_here"]]
        assert [(f["about"], f["value"]) for f in reading.facts(report, "stale_thread_states")] == [(child["id"], 2)]
        # On the way out of fork(), with the interpreter still taken by the one who forked.
        native = [f.get("function") for f in child["threads"][0]["frames"] if f["kind"] == "native"]
        assert any(name and name.endswith("fork") for name in native), native


@contextlib.contextmanager
def starting(env, folder, **files):
    """An interpreter that hangs before it has come to its program: (pid, report)."""
    os.chmod(folder, 0o755)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    inside = reading.envs.environment(env.interpreter.root is not None)
    with support.target(env.command("-B", "-c", "pass"), env={**inside, "PYTHONPATH": str(folder)}) as target:
        time.sleep(0.1)
        support.wait_until(lambda: support.all_blocked(support.tree(target.pid)), "everybody sleeps")
        yield target.pid, reading.read(target.pid, "--native")


BLOCKS = "import os; print('READY', flush=True); r, w = os.pipe(); os.read(r, 1)\n"


@pytest.fixture
def folder():
    """Where a root sees it, too."""
    with tempfile.TemporaryDirectory(prefix="hw-python-", dir="/tmp") as name:
        yield pathlib.Path(name)


@reading.each(trio=False)
def test_in_sitecustomize(env, folder):
    with starting(env, folder, sitecustomize_py=BLOCKS) as (_, report):
        frames = reading.frames(report["processes"][0]["threads"][0]["frames"])
        assert frames[-1][:2] == ["<module>", str(folder / "sitecustomize.py")] and not broken(report)
        assert not reading.facts(report, "python_pth")


@reading.each(trio=False)
def test_in_pth(env, folder):
    begin = f"import site\nsite.addsitedir({str(folder)!r})\n"
    with starting(env, folder, sitecustomize_py=begin, hangs_pth=BLOCKS) as (_, report):
        frames = reading.frames(report["processes"][0]["threads"][0]["frames"])
        assert frames[-1][:2] == ["<module>", "<string>"] and not broken(report)
        assert [f["text"] for f in reading.facts(report, "python_pth")] == [str(folder / "hangs.pth")]


@reading.each(trio=False)
def test_at_exit(env):
    with hanging(env, "in_atexit") as (_, report):
        assert functions(report["processes"][0]) == [["block"]]
        assert report["processes"][0]["runtime"]["finalizing"] is False and not broken(report)


@reading.each(trio=False)
def test_main_thread_is_through(env):
    with hanging(env, "in_last_join") as (_, report):
        threads = named(report)
        assert short(threads["MainThread"]["frames"])[-1] in ("_shutdown", "join", "_wait_for_tstate_lock")
        assert short(threads["lasting"]["frames"])[-2:] == ["run", "block"] and not broken(report)


@reading.each(trio=False)
def test_finalizing(env):
    """Modules are being taken apart: no names of threads any more, but frames; and a thread that comes from C too late."""
    with hanging(env, "in_daemon_thread_at_end") as (pid, report):
        process = report["processes"][0]
        assert process["runtime"]["finalizing"] is True and not broken(report)
        threads = {t["tid"]: short(t.get("frames")) for t in process["threads"]}
        assert threads.pop(pid) == ["__del__", "block"]
        assert list(threads.values()) == [[]]
        assert any(f["kind"] == "native" for f in process["threads"][1]["frames"])


@reading.each(trio=False)
def test_interpreters_on_one_thread(env):
    with hanging(env, "in_nested_interpreter") as (_, report):
        frames = functions(report["processes"][0])[0]
        assert frames[:2] == ["<module>", "in_nested_interpreter"] and frames[-2:] == ["<module>", "block"], frames
        assert not broken(report)
        # Each at its own place: the inner one above the C that starts it, which is above the outer one.
        kinds = [f["kind"] for f in report["processes"][0]["threads"][0]["frames"]]
        runs = [k for i, k in enumerate(kinds) if i == 0 or kinds[i - 1] != k]
        assert runs.count("python") >= 2, runs


@reading.each(trio=False)
def test_interpreters_on_threads(env):
    with hanging(env, "in_interpreter_threads") as (_, report):
        threads = {name: short(t["frames"]) for name, t in named(report).items()}
        assert threads["MainThread"] == ["<module>", "in_interpreter_threads", "block"]
        if reading.minor(env) == 9:    # borrowed thread states without marks: not told, and that is said
            assert not [frames for frames in threads.values() for f in frames if f in ("block_one", "block_two")]
            assert [g for g in report["gaps"] if "sub-interpreters" in g["what"]]
            return
        assert threads["one"][-2:] == ["<module>", "block_one"] and "run" in threads["one"]
        assert threads["two"][-2:] == ["<module>", "block_two"] and "run" in threads["two"]
        assert not broken(report)


@reading.each(trio=False)
def test_foreign_threads(env):
    """A thread that C made is shown without Python; one that called Python has the frames that it runs."""
    with hanging(env, "with_foreign_threads") as (_, report):
        process = report["processes"][0]
        assert functions(process)[1:] == [[], ["called_by_c", "block"]] and not broken(report)
        unknown = {f["about"] for f in reading.facts(report, "no_python_state")}
        assert unknown == {process["threads"][1]["id"]}


@reading.each(trio=False)
def test_traced(env):
    with hanging(env, "traced") as (_, report):
        assert functions(report["processes"][0]) == [["<module>", "traced", "called", "tracer", "block"]]
        assert not broken(report)
        # Nothing is left out on the way down: some builds keep frame pointers and jump from function to function.
        native = [f.get("function") for f in report["processes"][0]["threads"][0]["frames"] if f["kind"] == "native"]
        assert {"PyEval_EvalCode", "Py_RunMain", "Py_BytesMain"} <= set(native) and len(native) > 15, native


@reading.each(trio=False)
def test_monitored(env):
    if reading.minor(env) < 12:
        pytest.skip("sys.monitoring is of 3.12")
    with hanging(env, "monitored") as (_, report):
        found = reading.frames(report["processes"][0]["threads"][0]["frames"])
        text = (reading.PROGRAMS / "states.py").read_text().splitlines()
        assert [text[line - 1].strip() for _, _, line in found[1:]] == \
            ["called_while_monitored()", "block()", "sleep(1e6)"]


@reading.each(trio=False)
def test_thread_that_ends(env):
    """In the destructor of a thread's own storage, after its function has returned."""
    with hanging(env, "finished") as (_, report):
        assert ["__del__", "block"] in functions(report["processes"][0]) and not broken(report)


@reading.each(trio=False)
def test_pid_namespace(env):
    """The interpreter notes ids of the namespace it lives in."""
    support.need_root("a pid namespace")
    if env.interpreter.root:
        pytest.skip("entered by a namespace of its own already")
    with hanging(env, "with_foreign_threads", "unshare", "--pid", "--fork", "--kill-child") as (_, report):
        process = report["processes"][1]
        assert process["ns_pid"] == 1 and process["pid"] != 1
        assert functions(process)[1:] == [[], ["called_by_c", "block"]]
        assert functions(process)[0][:2] == ["<module>", "with_foreign_threads"]
