"""The corpus of healthy, idle programs: how each is started in a directory of its own.

A service is a function of its home directory, marked @service, that writes what configuration it
needs and returns Service(command, …). It listens on a unix socket, or on the loopback with a port of
the kernel's choice, runs unprivileged and in the foreground; keeper.py ends it. One that is not
installed raises Missing with the name of the Debian package.
"""

import dataclasses
import glob
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
SERVICES = {}


class Missing(Exception):
    """Not installed, or not possible for this user"""


@dataclasses.dataclass
class Service:
    command: list
    socket: pathlib.Path = None  # ready when this accepts a connection, or when this port does
    port: int = None
    exists: pathlib.Path = None  # or when this path exists
    log: str = None  # or when this is in its output
    pty: bool = False
    user: str = None
    settle: float = 1.0  # what it may still have to do after that


def service(function):
    SERVICES[function.__name__] = function
    return function


def find(program, package):
    """The program's path: /usr/sbin is not in everybody's PATH."""
    path = shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin:/sbin")
    if path is None:
        raise Missing(f"{program}: package {package} is not installed")
    return path


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def unprivileged():
    return "nobody" if os.geteuid() == 0 else None


def run_as_user(*command):
    extra = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, cwd="/", **extra)


def give_away(home):
    """nobody must be able to live here, and to come here"""
    if os.geteuid() == 0:
        for path in [home, *home.rglob("*")]:
            shutil.chown(path, "nobody", "nogroup")


# ---- programs of this directory ----

def own(name, interpreter=None, **more):
    def start(home):
        command = [interpreter or "/usr/bin/python3", HERE / f"{name}.py", home / "s"]
        if interpreter and not os.path.exists(interpreter):
            raise Missing(f"no {interpreter}: scripts/setup makes it")
        return Service(command, exists=home / "s", **more)

    start.__name__ = name
    service(start)


def compiled(name):
    def start(home):
        out = HERE.parents[2] / os.environ.get("O", "build")
        return Service([out / "tests/hangs/healthy" / name, home / "s"], exists=home / "s")

    start.__name__ = name
    service(start)


_venv = os.environ.get("HW_TRIO_PYTHON", str(HERE.parents[2] / "build/venv/bin/python"))
for _name in ("thread_pool", "thread_server", "mp_pool", "aio_server", "aio_children", "prefork",
              "producer_consumer", "mp_queue_workers", "poller", "subreaper", "signal_waiter"):
    own(_name)
for _name in ("trio_server", "trio_children"):
    own(_name, _venv)
for _name in ("condvar_pool", "epoll_timers", "leaderless"):
    compiled(_name)


# ---- shells, editors and pipelines at a terminal ----

@service
def pipeline(home):
    return Service(["sh", "-c", "cat | cat | cat"], pty=True)


@service
def bash(home):
    (home / "rc").write_text("PS1='ready> '\n")
    return Service(["bash", "--rcfile", home / "rc", "-i"], pty=True, log="ready> ")


@service
def bash_runs_reader(home):
    (home / "rc").write_text("PS1='ready> '\ncat\n")
    return Service(["bash", "--rcfile", home / "rc", "-i"], pty=True)


@service
def shell_sleeps(home):
    return Service(["sh", "-c", "sleep 500; echo done"])


@service
def tail_follows(home):
    (home / "log").write_text("one line\n")
    return Service(["tail", "-f", home / "log"], log="one line")


@service
def python_prompt(home):
    return Service(["/usr/bin/python3", "-q"], pty=True, log=">>> ")


@service
def vim(home):
    return Service([find("vim.tiny", "vim-tiny"), "-u", "NONE", home / "text"], pty=True, log="text")


@service
def less(home):
    (home / "text").write_text("line\n" * 500)
    return Service([find("less", "less"), home / "text"], pty=True, log="line")


@service
def top(home):
    return Service([find("top", "procps"), "-d", "1"], pty=True, log="PID")


@service
def tmux(home):
    return Service([find("tmux", "tmux"), "-f", "/dev/null", "-D", "-S", home / "s"], pty=True,
                   socket=home / "s")


@service
def gdb_prompt(home):
    command = [find("gdb", "gdb"), "-nx", "-q", "-ex", "set startup-with-shell off", "-ex",
               "starti", "/bin/sleep"]
    return Service(command, pty=True, log="Program stopped")


# ---- tools ----

@service
def make_j(home):
    recipe = "all: a b c\na b c:\n\t@echo started; sleep 500\n"
    (home / "Makefile").write_text(recipe)
    return Service([find("make", "make"), "-C", home, "-j3"], log="started")


@service
def http_server(home):
    port = free_port()
    command = ["/usr/bin/python3", "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    return Service([*command, "--directory", home], port=port)


@service
def pytest_xdist(home):
    try:
        subprocess.run(["/usr/bin/python3", "-c", "import xdist"], check=True, capture_output=True)
    except subprocess.CalledProcessError:
        raise Missing("package python3-pytest-xdist is not installed") from None
    (home / "test_wait.py").write_text(
        "import pathlib, socket\n\n\ndef test_wait():\n    s = socket.socket(socket.AF_UNIX)\n"
        f"    s.bind({str(home / 's')!r})\n    s.listen()\n    s.accept()\n\n\n"
        "def test_done():\n    pass\n")
    return Service(["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-n", "3", home],
                   exists=home / "s")


@service
def ssh_agent(home):
    return Service([find("ssh-agent", "openssh-client"), "-D", "-a", home / "s"],
                   socket=home / "s")


# ---- servers from Debian ----

@service
def nginx(home):
    (home / "conf").write_text(
        f"daemon off; worker_processes 2; pid {home}/pid; error_log {home}/error;\n"
        "events { worker_connections 64; }\n"
        f"http {{ access_log off; client_body_temp_path {home}/b; proxy_temp_path {home}/p;\n"
        f"fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/g;\n"
        f"server {{ listen unix:{home}/s; }} }}\n")
    return Service([find("nginx", "nginx"), "-p", home, "-e", home / "error", "-c", home / "conf"],
                   socket=home / "s", user=unprivileged())


@service
def postgres(home):
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))
    if not found:
        raise Missing("postgres: package postgresql is not installed")
    binaries = pathlib.Path(found[-1]).parent
    give_away(home)
    run_as_user(binaries / "initdb", "-D", home / "d", "-A", "trust", "--no-sync")
    return Service([binaries / "postgres", "-D", home / "d", "-k", home, "-c", "listen_addresses="],
                   log="ready to accept connections", user=unprivileged(), settle=2)


@service
def mariadb(home):
    """On an empty data directory: without its system tables it serves all the same."""
    (home / "d").mkdir()
    return Service([find("mariadbd", "mariadb-server-core"), "--no-defaults", "--skip-grant-tables",
                    f"--datadir={home}/d", f"--socket={home}/s", "--skip-networking",
                    f"--pid-file={home}/pid"], socket=home / "s", user=unprivileged(), settle=3)


@service
def redis(home):
    return Service([find("redis-server", "redis-server"), "--port", "0", "--unixsocket", home / "s",
                    "--dir", home, "--save", ""], socket=home / "s", user=unprivileged())


@service
def memcached(home):
    return Service([find("memcached", "memcached"), "-s", home / "s", "-t", "4"],
                   socket=home / "s", user=unprivileged())


@service
def sshd(home):
    server, port = find("sshd", "openssh-server"), free_port()
    subprocess.run([find("ssh-keygen", "openssh-client"), "-q", "-t", "ed25519", "-N", "", "-f",
                    home / "key"], check=True)
    (home / "conf").write_text(f"ListenAddress 127.0.0.1:{port}\nHostKey {home}/key\n"
                               f"PidFile {home}/pid\nUsePAM no\n")
    return Service([server, "-D", "-e", "-f", home / "conf"], port=port, user=unprivileged())


@service
def haproxy(home):
    (home / "conf").write_text(
        "defaults\n  mode http\n  timeout connect 1s\n  timeout client 1s\n  timeout server 1s\n"
        f"frontend f\n  bind unix@{home}/s\n  default_backend b\n"
        "backend b\n  http-request deny\n")
    return Service([find("haproxy", "haproxy"), "-W", "-f", home / "conf"], socket=home / "s",
                   user=unprivileged())


@service
def apache(home):
    modules, port = "/usr/lib/apache2/modules", free_port()
    (home / "conf").write_text(
        f"ServerRoot {home}\nServerName localhost\nPidFile {home}/pid\nListen 127.0.0.1:{port}\n"
        f"ErrorLog {home}/error\nLoadModule mpm_event_module {modules}/mod_mpm_event.so\n"
        f"LoadModule authz_core_module {modules}/mod_authz_core.so\nStartServers 2\n"
        f"Mutex file:{home} default\nDocumentRoot {home}\n")
    return Service([find("apache2", "apache2-bin"), "-DFOREGROUND", "-f", home / "conf"], port=port,
                   user=unprivileged())


@service
def php_fpm(home):
    found = sorted(glob.glob("/usr/sbin/php-fpm*"))
    if not found:
        raise Missing("php-fpm: package php-fpm is not installed")
    (home / "conf").write_text(
        f"[global]\npid = {home}/pid\nerror_log = {home}/error\n[www]\nlisten = {home}/s\n"
        "pm = static\npm.max_children = 3\n")
    return Service([found[-1], "-F", "-n", "-y", home / "conf"], socket=home / "s",
                   user=unprivileged())


@service
def rsyslog(home):
    (home / "conf").write_text(
        f'module(load="imuxsock" SysSock.Use="off")\ninput(type="imuxsock" Socket="{home}/s")\n'
        f'*.* action(type="omfile" file="{home}/out")\n')
    return Service([find("rsyslogd", "rsyslog"), "-n", "-f", home / "conf", "-i", home / "pid"],
                   exists=home / "s", user=unprivileged())


@service
def cron(home):
    """In a mount namespace where no job and no other cron exists"""
    if os.geteuid() != 0:
        raise Missing("cron needs root")
    hide = "; ".join(f"mount -t tmpfs none {d}" for d in ("/etc/cron.d", "/var/spool/cron", "/run"))
    script = f"set -e; {hide}; mount --bind /dev/null /etc/crontab; echo up; exec $0 -f"
    return Service(["unshare", "-m", "sh", "-c", script, find("cron", "cron")], log="up")


@service
def dbus(home):
    return Service([find("dbus-daemon", "dbus-daemon"), "--session", "--nofork", "--nopidfile",
                    f"--address=unix:path={home}/s"], socket=home / "s", user=unprivileged())


@service
def node(home):
    script = f"require('net').createServer(() => 0).listen({str(home / 's')!r})"
    return Service([find("node", "nodejs"), "-e", script], socket=home / "s", user=unprivileged())


@service
def jvm(home):
    port = free_port()
    return Service([find("rmiregistry", "default-jre-headless"), "-J-Xmx64m",
                    "-J-Djava.rmi.server.hostname=127.0.0.1", str(port)], port=port,
                   user=unprivileged(), settle=2)


# ---- starting one ----

def is_ready(s, log):
    if s.log:
        return log.exists() and s.log in log.read_text(errors="replace")
    if s.exists:
        return s.exists.exists()
    if s.socket or s.port:
        try:
            with socket.socket(socket.AF_UNIX if s.socket else socket.AF_INET) as c:
                c.connect(str(s.socket) if s.socket else ("127.0.0.1", s.port))
            return True
        except OSError:
            return False
    return True


class Running:
    """A context manager: `pid` is the root of the service's tree."""

    def __init__(self, name, home):
        os.chmod(home, 0o755)
        self.service = SERVICES[name](home)
        give_away(home)
        self.log = home / "keeper.log"
        options = ["--pty"] if self.service.pty else []
        options += ["--user", self.service.user] if self.service.user else []
        command = [sys.executable, HERE / "keeper.py", self.log, *options, "--",
                   *self.service.command]
        self.keeper = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, cwd="/", text=True)
        self.pid = int(self.keeper.stdout.readline())

    def wait_until_idle(self):
        deadline = time.monotonic() + 60
        while not is_ready(self.service, self.log):
            if not os.path.exists(f"/proc/{self.pid}/exe") or time.monotonic() > deadline:
                raise RuntimeError(f"did not come up: {self.output()}")
            time.sleep(0.05)
        time.sleep(self.service.settle)
        with open(f"/proc/{self.pid}/stat") as f:
            if f.read().rpartition(")")[2].split()[0] == "Z" and self.service.command[0].name != "leaderless":
                raise RuntimeError(f"ended: {self.output()}")

    def output(self):
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.keeper.stdin.close()
        self.keeper.stdout.close()
        try:
            self.keeper.wait(20)
        except subprocess.TimeoutExpired:
            self.keeper.terminate()
            self.keeper.wait(20)
