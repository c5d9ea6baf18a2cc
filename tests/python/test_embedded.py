"""CPython inside of other programs, under other names, and before and after its life."""

import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import time

import pytest
import reading
import support

HERE = pathlib.Path(__file__).parent


def build(output, *arguments):
    compiler = support.need_command("cc")
    done = subprocess.run([compiler, "-O1", "-g", "-o", output, *arguments], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"cannot be linked here: {done.stderr.strip().splitlines()[-1]}")
    return output


def libraries():
    """(name, folder) of the shared libpythons that there are."""
    found = [("system", pathlib.Path(sysconfig.get_config_var("LIBDIR")))]
    found += [(folder.name, folder / "lib") for folder in sorted(reading.envs.PYENV.glob("3.*"))]
    rows = [(name, folder, sorted(folder.glob("libpython3.[0-9]*.so"))) for name, folder in found]
    return [row for row in rows if row[2] and minor_of(row[2][0]) >= 9]


def minor_of(library):
    return int(library.name.split(".")[1].rstrip("m"))    # up to 3.7 with an m


VARIANTS = [f"shared-{name}" for name, _, _ in libraries()] + ["static", "static-stripped"]


@pytest.fixture(scope="module", params=VARIANTS)
def embedding(request, tmp_path_factory):
    """(program, environment, minor version)"""
    folder = tmp_path_factory.mktemp("embed")
    program, source = folder / "quux", HERE / "embed.c"
    env = {**os.environ}
    if request.param.startswith("shared-"):
        name, lib, files = next(row for row in libraries() if f"shared-{row[0]}" == request.param)
        minor = minor_of(files[0])
        build(program, source, f"-L{lib}", f"-Wl,-rpath,{lib}", f"-lpython3.{minor}", "-lpthread")
        if name != "system":
            env["PYTHONHOME"] = str(lib.parent)
        return program, env, minor
    version = f"3.{sys.version_info[1]}"
    archive = pathlib.Path(sysconfig.get_config_var("LIBPL")) / f"libpython{version}.a"
    if not archive.exists():
        pytest.skip(f"no {archive}")
    build(program, source, archive, "-no-pie", "-lm", "-lz", "-lexpat", "-ldl", "-lutil", "-lpthread")
    if request.param == "static-stripped":
        subprocess.run([support.need_command("strip"), "-s", program], check=True)
    return program, env, sys.version_info[1]


def look(argv, **how):
    with support.target([str(a) for a in argv], **how) as target:
        time.sleep(0.1)
        report = reading.read(target.pid, "--native")
    process = report["processes"][0]
    frames = [[f["function"] for f in t.get("frames", []) if f["kind"] == "python"] for t in process["threads"]]
    return process, frames, [g["why"] for g in report["gaps"] if "Python frames" in g["what"]]


@pytest.mark.parametrize("where, threads", [
    ("before", [[]]),
    ("inside", [["block", "outer", "<module>"]]),
    ("thread", [[], ["block", "outer", "<module>"]]),
    ("after", [[]]),
])
def test_embedded(embedding, where, threads):
    program, env, minor = embedding
    process, frames, missing = look([program, where], env=env)
    assert frames == threads
    assert process["runtime"]["name"] == "cpython"
    if threads[-1]:
        assert process["runtime"]["version"].startswith(f"3.{minor}.") and not missing
        return
    shared = any("libpython" in str(part) for part in
                 subprocess.run(["ldd", program], capture_output=True, text=True).stdout.split())
    if not shared and minor < 13:    # nothing tells its version but what lives in it
        assert "cannot be told" in missing[0]
    else:
        assert ("not initialised yet" if where == "before" else "has ended") in missing[0], missing


# Before main(): the interpreter is there, and nothing of it has begun.
BEFORE_MAIN = """
#include <unistd.h>
__attribute__((constructor)) static void hang(void)
{
	(void)!write(1, "READY\\n", 6);
	for (;;)
		pause();
}
"""


@reading.each(trio=False)
def test_before_main(env, tmp_path):
    if env.interpreter.root:
        pytest.skip("a library that is made here need not load there")
    source = tmp_path / "before.c"
    source.write_text(BEFORE_MAIN)
    library = build(tmp_path / "before.so", "-shared", "-fPIC", str(source))
    process, frames, missing = look(env.command("-c", "pass"), env={**os.environ, "LD_PRELOAD": str(library)})
    assert frames == [[]] and "not initialised yet" in missing[0]
    assert process["runtime"]["version"].startswith(f"3.{reading.minor(env)}")


@reading.each(trio=False)
def test_in_sitecustomize(env, tmp_path):
    """The interpreter works, but has not come to its own program yet."""
    if env.interpreter.root:
        folder = env.interpreter.outside("/tmp")    # one /tmp for both
        assert folder.exists()
    os.chmod(tmp_path, 0o755)
    (tmp_path / "sitecustomize.py").write_text("import time\n\ndef block():\n    print('READY', flush=True)\n"
                                               "    time.sleep(1e6)\n\nblock()\n")
    inside = {**reading.envs.environment(env.interpreter.root is not None), "PYTHONPATH": str(tmp_path)}
    _, frames, missing = look(env.command("-c", "pass"), env=inside)
    assert frames[0][:2] == ["block", "<module>"] and not missing
    assert "execsitecustomize" in frames[0]


def copy_of_python(folder):
    """The system's Python under another name, stripped."""
    program = folder / "quux"
    shutil.copy2(os.path.realpath("/usr/bin/python3"), program)
    subprocess.run([support.need_command("strip"), "-s", program], check=True)
    return program


CODE = "import time\ndef block():\n    print('READY', flush=True)\n    time.sleep(1e6)\nblock()\n"


@pytest.mark.parametrize("fate", ["kept", "deleted", "replaced"])
def test_other_file(tmp_path, fate):
    """A stripped Python of another name whose file is gone, or is another one by now."""
    program = copy_of_python(tmp_path)
    with support.target([str(program), "-c", CODE], env={**os.environ, "PYTHONHOME": "/usr"}) as target:
        if fate != "kept":
            program.unlink()
        if fate == "replaced":
            shutil.copy2("/bin/true", program)
        for options in ([], ["--native"]):
            report = reading.read(target.pid, *options)
            found = reading.frames(report["processes"][0]["threads"][0]["frames"])
            assert found == [["<module>", "<string>", 5], ["block", "<string>", 4]]


@pytest.mark.parametrize("fate", ["deleted", "replaced"])
def test_other_library(tmp_path, fate):
    """The same for a libpython: an upgrade while the program runs."""
    envs = [e for e in reading.usable() if e.interpreter.name.startswith("pyenv-")]
    if not envs:
        pytest.skip("no Python with a shared library (tests/python/envs.py list)")
    env = envs[-1]
    library = next((pathlib.Path(env.interpreter.python).parents[1] / "lib").glob("libpython3.*.so.*"))
    copy = tmp_path / library.name
    shutil.copy2(library, copy)
    with support.target(env.command("-c", CODE), env={**os.environ, "LD_PRELOAD": str(copy)}) as target:
        assert str(copy) in support.read_text(f"/proc/{target.pid}/maps")
        copy.unlink()
        if fate == "replaced":
            shutil.copy2("/bin/true", copy)
        report = reading.read(target.pid, "--native")
        found = reading.frames(report["processes"][0]["threads"][0]["frames"])
        assert found == [["<module>", "<string>", 5], ["block", "<string>", 4]]
