#!/usr/bin/env python3
"""Every CPython and trio that this machine can provide, to point hangwatch at.

    envs.py make [PATTERN…]     creates what is missing: takes long, needs root and the network
    envs.py list [PATTERN…]     prints the table; --json for programs; creates nothing
    envs.py run NAME ARG…       becomes that Python with these arguments; the process id stays the same

Three kinds of interpreter are known. A Debian suite is a root made by debootstrap under $HW_PYROOTS
(default /var/tmp/hw-pyroots) and entered by chroot, with /proc, /dev, /tmp and this source tree mounted
in a mount namespace of the command's own, so that nothing has to be unmounted later. pyenv's builds have
their CPython in a shared library, other than Debian's. A free-threaded CPython is built from Debian's
source package inside the sid root. The system's own Python with the virtual environment of scripts/setup
is always listed, so that there is something to test where none of this exists.

For each interpreter there is one virtual environment per version of trio; the one with the newest trio
has greenlet, gevent and uvloop too. An environment counts only after it has run a trio program; what
it said when it failed is the reason that the table shows. Patterns are shell globs on the name."""

import argparse
import dataclasses
import fnmatch
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
ROOTS = pathlib.Path(os.environ.get("HW_PYROOTS", "/var/tmp/hw-pyroots"))
PYENV = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv")) / "versions"

# The micro version is whatever the suite has today. Suites end: one that is gone is n/a with its reason.
SUITES = {
    "bullseye": ["3.9"],
    "bookworm": ["3.11"],
    "trixie": ["3.13"],
    "forky": ["3.13", "3.14", "3.15"],
    "sid": ["3.13", "3.14", "3.15"],
}
FREE_THREADED = ["3.13", "3.14", "3.15"]
MINORS = ["3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15"]

# Versions whose internals differ in what a reader sees, from the oldest supported to the newest there is.
TRIOS = ["0.22", "0.25", "0.29", "0.31", "0.33", "newest"]
OLDEST_TRIO = (0, 22)
WITH_NEWEST = ["greenlet", "gevent", "uvloop"]

# Inside a root: where the environments are.
INSIDE = pathlib.PurePosixPath("/opt/hw")

SMOKE = """
import json, platform, sys, trio
trio.run(trio.sleep, 0)
have = {"python": platform.python_version(), "trio": trio.__version__}
for name in ("greenlet", "gevent", "uvloop"):
    try:
        have[name] = __import__(name).__version__
    except ImportError:
        pass
print(json.dumps(have))
"""

# $1 is the root, the rest the command. Mounts end with the last process in the namespace.
ENTER = """
set -e
root=$1
shift
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind /tmp "$root/tmp"
mkdir -p "$root$HW_TOP"
mount --bind "$HW_TOP" "$root$HW_TOP"
exec chroot "$root" "$@"
"""


@dataclasses.dataclass
class Interpreter:
    """One CPython. `root` is the chroot it lives in, `python` its path inside of that."""

    name: str
    python: str
    root: pathlib.Path | None = None
    minor: str = ""
    free_threaded: bool = False

    def command(self, program, *args):
        if self.root is None:
            return [str(program), *args]
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER, "sh",
                str(self.root), str(program), *args]

    def run(self, log, program, *args, check=True):
        with open(log, "ab") as out:
            return subprocess.run(self.command(program, *args), env=environment(self.root is not None),
                                  stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=check)

    def outside(self, path):
        """The same path as seen from outside of the root."""
        return pathlib.Path(path) if self.root is None else self.root / pathlib.PurePosixPath(path).relative_to("/")

    def missing(self):
        """Why it cannot be run, or None."""
        if self.root is not None and os.geteuid() != 0:
            return "a root can only be entered by root"
        if not os.path.lexists(self.outside(self.python)):
            failed = ROOTS / f"{self.name}.failed"
            return failed.read_text().strip() if failed.exists() else "not made (envs.py make)"
        return None


@dataclasses.dataclass
class Environment:
    """One interpreter with one trio: what a test is run with."""

    interpreter: Interpreter
    variant: str        # "0.29", "newest", "debian", "setup"
    python: str
    state_path: pathlib.Path | None     # None: try it each time, it costs a moment and nothing is made

    @property
    def name(self):
        return f"{self.interpreter.name}-trio-{self.variant}"

    def state(self):
        """{"python": …, "trio": …} or {"reason": …}."""
        reason = self.interpreter.missing()
        if reason:
            return {"reason": reason}
        if self.state_path is None:
            return self.try_it() if os.path.exists(self.python) else {"reason": "not made (scripts/setup)"}
        if not self.state_path.exists():
            return {"reason": "not made (envs.py make)"}
        return json.loads(self.state_path.read_text())

    def try_it(self):
        tried = subprocess.run(self.command("-c", SMOKE), env=environment(self.interpreter.root is not None),
                               stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        lines = (tried.stderr if tried.returncode else tried.stdout).strip().splitlines() or ["it printed nothing"]
        if tried.returncode:
            return {"reason": f"trio {self.variant} does not run on this Python: {lines[-1]}"}
        state = json.loads(lines[-1])
        if tuple(map(int, state["trio"].split(".")[:2])) < OLDEST_TRIO:
            return {"reason": f"trio {state['trio']} is older than what hangwatch reads"}
        return state

    def command(self, *args):
        """The command that runs Python with these arguments; its process id is that of the Python."""
        return self.interpreter.command(self.python, *args)


def environment(inside):
    """The environment for a command: little, so that the caller's settings do not leak into a root."""
    keep = ("PATH", "HOME", "TERM", "http_proxy", "https_proxy", "no_proxy", "PIP_CERT", "PIP_INDEX_URL")
    env = {key: value for key, value in os.environ.items() if key in keep}
    if inside:
        env["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        env["HOME"] = "/root"
    env.update(LANG="C.UTF-8", DEBIAN_FRONTEND="noninteractive", PIP_DISABLE_PIP_VERSION_CHECK="1",
               PIP_ROOT_USER_ACTION="ignore", PIP_NO_INPUT="1", HW_TOP=str(TOP))
    return env


def interpreters():
    yield Interpreter("system", "/usr/bin/python3")
    for minor in MINORS:
        for path in sorted(PYENV.glob(f"{minor}.*/bin/python{minor}")):
            yield Interpreter(f"pyenv-{path.parts[-3]}", str(path), minor=minor)
    for suite, minors in SUITES.items():
        for minor in minors:
            yield Interpreter(f"{suite}-{minor}", f"/usr/bin/python{minor}", ROOTS / suite, minor)
    for minor in FREE_THREADED:
        yield Interpreter(f"sid-{minor}t", f"{INSIDE}/python{minor}t/bin/python{minor}t", ROOTS / "sid", minor, True)


def environments():
    """Every environment of the matrix, made or not: ask .state()."""
    for interpreter in interpreters():
        if interpreter.name == "system":
            venv = TOP / os.environ.get("O", "build") / "venv"
            yield Environment(interpreter, "setup", str(venv / "bin/python"), None)
            continue
        base = INSIDE if interpreter.root else ROOTS / "venvs"
        for trio in TRIOS:
            venv = base / f"{interpreter.name}-trio-{trio}"
            yield Environment(interpreter, trio, str(venv / "bin/python"), interpreter.outside(venv / "state.json"))
        if interpreter.root and not interpreter.free_threaded:
            state = interpreter.outside(base / f"{interpreter.name}-debian.json")
            yield Environment(interpreter, "debian", interpreter.python, state)


def chosen(patterns):
    for env in environments():
        if not patterns or any(fnmatch.fnmatch(env.name, pattern) for pattern in patterns):
            yield env


def mirror():
    """The archive that this machine itself uses."""
    for path in [*pathlib.Path("/etc/apt/sources.list.d").glob("*.sources"), pathlib.Path("/etc/apt/sources.list")]:
        found = path.exists() and re.search(r"\b(https?://\S+/debian)/?(?=\s|$)", path.read_text())
        if found:
            return found[1]
    return "http://deb.debian.org/debian"


def make_root(suite):
    """debootstrap, then the packages of each Python that the suite has. A half-made root is made anew."""
    root, ready, log = ROOTS / suite, ROOTS / suite / "opt/hw/ready", ROOTS / f"{suite}.log"
    if ready.exists():
        return
    new = ROOTS / f"{suite}.new"
    shutil.rmtree(new, ignore_errors=True)
    shutil.rmtree(root, ignore_errors=True)
    # A debootstrap older than the suite does not know its name; what it does for sid fits.
    known = pathlib.Path("/usr/share/debootstrap/scripts", suite).exists()
    with open(log, "ab") as out:
        subprocess.run(["debootstrap", "--variant=minbase", "--include=ca-certificates", suite, str(new), mirror(),
                        *([] if known else ["sid"])],
                       stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=True)
    # The network is reached from inside as from outside, through the same proxy and certificates.
    for path in ("/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt"):
        if os.path.exists(path):
            shutil.copyfile(path, new / path[1:])
    # A mirror that lags behind by weeks is good enough to test with.
    (new / "etc/apt/apt.conf.d/99envs").write_text('Acquire::Check-Valid-Until "false";\nAcquire::Check-Date "false";\nAcquire::Retries "3";\n')
    (new / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (new / "usr/sbin/policy-rc.d").chmod(0o755)
    (new / "etc/apt/sources.list.d/src.list").write_text(f"deb-src {mirror()} {suite} main\n")
    (new / "opt/hw").mkdir(parents=True)

    here = Interpreter(suite, "/usr/bin/python3", new)
    here.run(log, "apt-get", "update", "-q")
    install = ["apt-get", "install", "-qy", "--no-install-recommends"]
    packages = ["python3-trio", "python3-venv"]
    for minor in SUITES[suite]:
        packages += [f"python{minor}", f"python{minor}-venv"]
    here.run(log, *install, *packages)
    for name in WITH_NEWEST:
        here.run(log, *install, f"python3-{name}", check=False)
    # One current pip serves all environments of the root (bullseye's own is too old to).
    here.run(log, "/usr/bin/python3", "-m", "venv", str(INSIDE / "pip"))
    here.run(log, str(INSIDE / "pip/bin/python"), "-m", "pip", "install", "-q", "-U", "pip")
    (new / "opt/hw/ready").touch()
    new.rename(root)


def add_debug_info(suite):
    """Debug information and headers of the root's Pythons, for scripts/gen-cpython-layouts."""
    packages = [name for minor in SUITES[suite] for name in (f"python{minor}-dbg", f"python{minor}-dev")]
    here = Interpreter(suite, "/usr/bin/python3", ROOTS / suite)
    done = here.run(ROOTS / f"{suite}.log", "apt-get", "install", "-qy", "--no-install-recommends", *packages,
                    check=False)
    if done.returncode:
        print(f"envs.py: {suite}: no debug information, see {ROOTS}/{suite}.log", file=sys.stderr)


def make_free_threaded(interpreter):
    """Debian has no free-threaded CPython: build one from its source, with debug information. A mirror need not have
    the sources of every version that it lists."""
    if interpreter.outside(interpreter.python).exists():
        return
    prefix = INSIDE / f"python{interpreter.minor}t"
    script = f"""
set -ex
apt-get install -qy --no-install-recommends gcc g++ make libc6-dev dpkg-dev libffi-dev libssl-dev zlib1g-dev pkgconf
rm -rf {INSIDE}/src && mkdir -p {INSIDE}/src && cd {INSIDE}/src
for version in $(apt-cache showsrc --only-source python{interpreter.minor} | sed -n 's/^Version: //p' | sort -rV); do
	! apt-get -q source "python{interpreter.minor}=$version" || break
done
cd python{interpreter.minor}-*/
mkdir hw-build && cd hw-build
../configure --prefix={prefix} --disable-gil --without-ensurepip --disable-test-modules CFLAGS="-g -O2"
make -j2
make install
rm -rf {INSIDE}/src
"""
    interpreter.run(ROOTS / f"{interpreter.name}.log", "bash", "-c", script)


@functools.cache
def make_root_once(suite):
    """The error, or None: three Pythons in one root must not try three times what cannot be made."""
    try:
        make_root(suite)
    except (OSError, subprocess.CalledProcessError) as error:
        return error
    return None


def make_interpreter(interpreter):
    """Whether it is there now. A failure is noted for the table."""
    failed = ROOTS / f"{interpreter.name}.failed"
    failed.unlink(missing_ok=True)
    try:
        error = interpreter.root and make_root_once(interpreter.root.name)
        if error:
            raise error
        if interpreter.free_threaded:
            make_free_threaded(interpreter)
    except (OSError, subprocess.CalledProcessError) as error:
        # apt and debootstrap say on lines with E: what was in the way; apt's last one only counts the others.
        log = ROOTS / f"{interpreter.name}.log"
        said = re.findall(r"^E: (?!Failed to fetch some).*?(?=  *\[IP|$)", log.read_text(errors="replace"), re.M) \
            if log.exists() else []
        why = re.sub(r"\S+://\S*/", "", said[-1]) if said else error
        failed.write_text(f"could not be made: {why} (see {log.name})\n")
    return interpreter.missing() is None


def make_venv(env):
    interpreter, venv = env.interpreter, pathlib.PurePosixPath(env.python).parents[1]
    log = ROOTS / f"{interpreter.name}.log"
    trio = "trio" if env.variant == "newest" else f"trio=={env.variant}.*"
    if interpreter.root:
        pip = [str(INSIDE / "pip/bin/python"), "-m", "pip"]
    else:
        pip = [interpreter.python, "-m", "pip"]
    install = [*pip, "--python", env.python, "install", "-q", "--only-binary", ":all:"]
    interpreter.run(log, interpreter.python, "-m", "venv", "--clear", "--without-pip", str(venv))
    if interpreter.free_threaded:
        # Debian's site.py knows no letter behind the version.
        interpreter.outside(venv / f"lib/python{interpreter.minor}").symlink_to(f"python{interpreter.minor}t")
    interpreter.run(log, *install, trio)
    if env.variant == "newest":
        for package in WITH_NEWEST:
            try:
                interpreter.run(log, *install, package)
            except subprocess.CalledProcessError:
                pass    # no wheel for this Python: the state lacks it, which is what the table shows


def make_environment(env):
    """Makes it, tries it, and keeps what was found out."""
    if env.state_path is None or "python" in env.state():
        return
    try:
        if env.variant != "debian":
            make_venv(env)
        state = env.try_it()
    except (OSError, subprocess.SubprocessError):
        state = {"reason": f"trio {env.variant} does not install on this Python"}
    env.state_path.parent.mkdir(parents=True, exist_ok=True)
    env.state_path.write_text(json.dumps(state))


def do_make(args):
    ROOTS.mkdir(parents=True, exist_ok=True)
    there = {}
    for env in chosen(args.pattern):
        name = env.interpreter.name
        if name not in there:
            there[name] = make_interpreter(env.interpreter)
        if there[name]:
            make_environment(env)
    if args.debug_info:
        for suite in {env.interpreter.root.name for env in chosen(args.pattern) if env.interpreter.root}:
            add_debug_info(suite)
    do_list(args)


def do_list(args):
    rows = []
    for env in chosen(args.pattern):
        state = env.state()
        rows.append({"name": env.name, "command": env.command(), **state})
    if args.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"{'name':32} {'python':9} {'trio':8} {'greenlet':9} {'gevent':9} {'uvloop':8} n/a because")
    for row in rows:
        cells = [row.get(key, "-") for key in ("python", "trio", "greenlet", "gevent", "uvloop")]
        print("{:32} {:9} {:8} {:9} {:9} {:8} {}".format(row["name"], *cells, row.get("reason", "")).rstrip())


def do_run(args):
    for env in environments():
        if env.name == args.name:
            reason = env.state().get("reason")
            if reason:
                sys.exit(f"envs.py: {env.name}: {reason}")
            command = env.command(*args.argument)
            os.environ["HW_TOP"] = str(TOP)
            os.execvp(command[0], command)
    sys.exit(f"envs.py: no environment {args.name}, see envs.py list")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for name, function in (("make", do_make), ("list", do_list)):
        command = commands.add_parser(name)
        command.add_argument("pattern", nargs="*")
        command.add_argument("--json", action="store_true")
        command.set_defaults(function=function, debug_info=False)
        if name == "make":
            command.add_argument("--debug-info", action="store_true",
                                 help="also install what scripts/gen-cpython-layouts reads")
    command = commands.add_parser("run")
    command.add_argument("name")
    command.add_argument("argument", nargs=argparse.REMAINDER)
    command.set_defaults(function=do_run)
    args = parser.parse_args()
    args.function(args)


if __name__ == "__main__":
    main()
