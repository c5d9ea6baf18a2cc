"""Python frames read from outside: function, file and line, and their place among the native ones."""

import pytest
import support

import reading
import support


def by_name(report, pid):
    """The threads by the names that Python gives them."""
    threads = {t["id"]: t for t in reading.process(report, pid)["threads"]}
    return {f["text"]: threads[f["about"]] for f in reading.facts(report, "thread_name")}


def gaps(report):
    """What could not be seen of the process itself. Who else holds its pipes is another matter, and others come and go."""
    return [g for g in report["gaps"] if "who else holds" not in g["what"]]


def shown(name):
    """A name as it may be shown: no NUL, no lone surrogate, no more than 4 KiB."""
    escaped = "".join(f"\\x{ord(c):02x}" if c == "\0" else f"\\u{ord(c):04x}" if 0xd800 <= ord(c) < 0xe000 else c
                      for c in name)
    return escaped[:4095]


@reading.each(trio=False)
def test_frames(env):
    """Every frame of every thread, through all that C puts between them, and 5,000 deep."""
    with reading.program(env, "frames_chain.py") as (target, truth):
        report = reading.read(target.pid)
        assert not gaps(report), gaps(report)
        threads = by_name(report, target.pid)
        for name, stack in truth.items():
            found = list(reversed(reading.frames(threads[name]["frames"])))
            assert found == [[shown(function), file, line] for function, file, line in stack], name


@reading.each(trio=False)
def test_odd_code(env):
    """Code from strings, zips and nowhere; tables of lines that are missing, moved or far off; generators 900 deep."""
    with reading.program(env, "odd_code.py") as (target, truth):
        report = reading.read(target.pid)
        assert not gaps(report), gaps(report)
        found = [list(reversed(reading.frames(t["frames"]))) for t in reading.process(report, target.pid)["threads"]]
        for name, stack in truth["stacks"].items():
            expected = [[shown(function), shown(file), line] for function, file, line in stack]
            assert expected in found, (name, expected[:5], [f[:5] for f in found if f[3:4] == expected[3:4]])


# Innermost first: a Python function, what of C it is called by, and the Python function that called that.
BRIDGES = [
    ("key", "map_next", "Attributes.__getattr__"),
    ("Attributes.__getattr__", "slot_tp_getattr_hook|_Py_slot_tp_getattr_hook", "<lambda>"),
    ("<lambda>", "list_sort_impl|builtin_sorted", "through_sort"),
    ("<lambda>", "pattern_subx|_sre_SRE_Pattern_sub", "through_re"),
    ("Callable.__eq__", "list_index|list_index_impl", "cached"),
    ("cached", "bounded_lru_cache_wrapper", "<lambda>"),
    ("<lambda>", "functools_reduce|_functools_reduce_impl|_functools_reduce", "through_reduce"),
    ("<genexpr>", "list_extend|list_extend_lock_held|list___init___impl|list_vectorcall", "through_listing"),
    ("Finder.exec_module", "import_find_and_load|PyImport_ImportModuleLevelObject", "through_import"),
    ("<module>", "builtin_exec|builtin_exec_impl", "<module>"),
    ("coroutine", "gen_send|gen_send_ex", "through_send"),
    ("Deleted.__del__", "slot_tp_finalize|subtype_dealloc", "through_del"),
    ("from_c", "_CallPythonObject|closure_fcn", "through_ctypes"),
]


def test_hostile_names_shown():
    """What a program calls its functions, files and threads reaches no terminal and no page as it is."""
    for name in ("odd_code.py", "frames_chain.py"):
        with reading.program(reading.system(), name) as (target, _):
            for form in ("text", "html", "github"):
                options = ["--samples", "1", "--no-signal", "--no-store", "--format", form]
                text = support.hangwatch("dump", target.pid, *options, "--all-frames").out.decode()
                assert not [c for c in text if c != "\n" and not c.isprintable()]
                assert "\\u{202e}" in text or name != "odd_code.py"


def is_eval(frame):
    return frame["kind"] == "native" and frame.get("function", "").startswith("_PyEval_EvalFrameDefault")


@reading.each(trio=False)
def test_merge(env):
    """Python frames stand where the native frame is that runs them."""
    with reading.program(env, "frames_chain.py") as (target, truth):
        report = reading.read(target.pid, "--native")
        threads = by_name(report, target.pid)
        # Up to 3.10 each Python frame has native ones of its own, and so deep a stack is not unwound whole.
        deep = threads["deep"]["id"] if reading.minor(env) <= 10 else None
        order = [g for g in report["gaps"] if "order" in g["what"] and g["about"] != deep]
        assert not order, order
        for name, stack in truth.items():
            found = list(reversed(reading.frames(threads[name]["frames"])))
            assert found == [[shown(function), file, line] for function, file, line in stack], name

        frames = threads["MainThread"]["frames"]
        if env.interpreter.root:
            return    # stripped: cold parts of the evaluation loop bear other functions' names
        # A run of Python frames ends at the native frame that runs it.
        ends = [frames[i + 1] for i, f in enumerate(frames[:-1])
                if f["kind"] == "python" and frames[i + 1]["kind"] == "native"]
        assert all(is_eval(f) for f in ends), [f.get("function") for f in ends]
        assert len(ends) == len([f for f in frames if is_eval(f)])
        short = [f["function"].rsplit(".<locals>.")[-1] if f["kind"] == "python"
                 else f.get("function", "").split(".")[0] for f in frames]
        static = {name for _, bridge, _ in BRIDGES for name in bridge.split("|") if not name.startswith("Py")}
        if not static & set(short):
            return    # Debian's own: stripped, only what Python exports has a name
        for callee, bridge, caller in BRIDGES:
            if reading.minor(env) <= 10:
                callee, caller = callee.split(".")[-1], caller.split(".")[-1]
            at = [i for i, name in enumerate(short) if name == callee]
            assert any(set(bridge.split("|")) & set(short[i:i + 25]) and caller in short[i:i + 40]
                       for i in at), (callee, bridge, caller, short)


@reading.each(trio=False)
def test_others_run_without_gil(env):
    """A thread that computes in C changes nothing of Python: a consistent view needs no stop of it."""
    with reading.program(env, "gil_free.py") as (target, truth):
        if not truth["gil"]:
            pytest.skip("this build has no GIL")
        support.wait_until(lambda: support.state(target.pid) == "S", "the main thread to sleep")
        report = support.dump(target.pid, "--samples", "1", "--stop=never", codes=(0, 3))
        assert not [g for g in report["gaps"] if "consistent" in g["what"] or "order" in g["what"]], report["gaps"]
        threads = {t["tid"]: t for t in reading.process(report, target.pid)["threads"]}
        found = reading.frames(threads[target.pid]["frames"])
        assert found[-1:] == truth["stack"], found
        assert not threads[target.pid].get("stopped_us")
        assert [t for t in threads.values() if t["state"] == "R"], "no thread runs"
