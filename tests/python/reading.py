"""What the tests of the Python readers share: which interpreters there are, how to start a program in one, how to
read it from outside.

HW_LONG=1 repeats a test about luck 400 times.

HW_ENVS is a list of patterns for names of envs.py ("pyenv-3.12*"); without it every interpreter is tried with its
oldest and its newest trio, with HW_ENVS=all with every one."""

import contextlib
import fnmatch
import functools
import importlib.util
import json
import os
import pathlib
import subprocess
import tempfile

import pytest
import support

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = HERE / "programs"

_spec = importlib.util.spec_from_file_location("envs", HERE / "envs.py")
envs = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(envs)


@functools.cache
def _state(name):
    return next(env for env in envs.environments() if env.name == name).state()


@functools.cache
def usable():
    """Environments that run, in the order of envs.py."""
    return [env for env in envs.environments() if "reason" not in _state(env.name)]


def _per_interpreter(found, ends):
    chosen = []
    for name in dict.fromkeys(env.interpreter.name for env in found):
        own = [env for env in found if env.interpreter.name == name]
        chosen += [own[i] for i in sorted({i % len(own) for i in ends})]
    return chosen


def environments(trio=True):
    """Environments to test with; for a program that does without trio one for each interpreter."""
    patterns = os.environ.get("HW_ENVS", "").split()
    found = usable()
    if patterns and patterns != ["all"]:
        found = [env for env in found if any(fnmatch.fnmatch(env.name, pattern) for pattern in patterns)]
    if not trio:
        last = _per_interpreter(found, [-1])
        # The versions of the other libraries differ between an interpreter's environments, too.
        return [env for env in found if env in last or "greenlet" in _state(env.name)] if patterns else last
    return found if patterns else _per_interpreter(found, [0, -1])


def system():
    """The environment of the system's own Python, for tests of what does not differ between versions."""
    for env in usable():
        if env.interpreter.name == "system":
            return env
    pytest.skip("no environment for the system's Python (scripts/setup)")


def each(trio=True, have=()):
    """A decorator: the test runs once for each environment, with the argument `env`."""
    found = [env for env in environments(trio) if all(name in _state(env.name) for name in have)]
    params = [pytest.param(env, id=env.name) for env in found]
    if not params:
        params = [pytest.param(None, marks=pytest.mark.skip(reason="no environment (tests/python/envs.py list)"))]
    return pytest.mark.parametrize("env", params)


def turns(n):
    return 400 if os.environ.get("HW_LONG") == "1" else n


def minor(env):
    return int(_state(env.name)["python"].split(".")[1])


def free_threaded(env):
    return env.interpreter.free_threaded


@contextlib.contextmanager
def program(env, name, *args):
    """Starts a program of programs/ and waits for its truth: (target, truth)."""
    with tempfile.TemporaryDirectory(prefix="hw-python-", dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        path = os.path.join(folder, "truth.json")
        argv = env.command("-B", str(PROGRAMS / name), path, *[str(a) for a in args])
        inside = envs.environment(env.interpreter.root is not None)
        with support.target(argv, env=inside) as target:
            truth = json.loads(pathlib.Path(path).read_text()) if os.path.exists(path) else None
            yield target, truth


def read(pid, *options, env=None):
    """The report about a process, by the readers alone."""
    reader = support.program("python", "pyread")
    done = subprocess.run([reader, str(pid), *[str(o) for o in options]], capture_output=True,
                          timeout=support.DEADLINE_S, env=env)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def frames(rows, internal=True):
    """[function, file, line] of Python frames, the outermost first, as the programs write theirs."""
    return [[f["function"], f["file"], f.get("line")] for f in reversed(rows or [])
            if f["kind"] == "python" and (internal or not f.get("internal"))]


def gaps(report):
    """What the readers could not see. That processes of strangers come and go while theirs are read is another matter."""
    return [g for g in report["gaps"] if "who else holds" not in g["what"]]


def process(report, pid):
    return next(p for p in report["processes"] if p["pid"] == pid)


def facts(report, key):
    return [f for f in report.get("facts", []) if f.get("key") == key]
