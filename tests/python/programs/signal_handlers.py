"""Every kind of signal handler that Python has, and what stands behind each."""

import faulthandler
import functools
import importlib
import os
import pathlib
import signal
import sys
import threading

import truth


def on_hangup(number, frame):
    pass


class Server:
    def stop(self, number, frame):
        pass

    def __call__(self, number, frame):
        pass


def with_argument(argument, number, frame):
    pass


# As tractor installs it: what makes it a dump handler is whose function it is, and where its code is from.
folder = pathlib.Path(sys.argv[1]).parent
(folder / "tractor/devx").mkdir(parents=True)
(folder / "tractor/devx/_stackscope.py").write_text("def dump_tree_on_sig(sig, frame): pass\n")
sys.path.insert(0, str(folder))
tractor = importlib.import_module("tractor.devx._stackscope")

signal.signal(signal.SIGHUP, on_hangup)
signal.signal(signal.SIGTERM, Server().stop)
signal.signal(signal.SIGALRM, functools.partial(with_argument, 1))
signal.signal(signal.SIGURG, Server())
signal.signal(signal.SIGWINCH, lambda number, frame: None)
signal.signal(signal.SIGCONT, signal.SIG_IGN)
signal.signal(signal.SIGRTMIN, tractor.dump_tree_on_sig)
faulthandler.register(signal.SIGUSR1, file=sys.__stderr__, all_threads=True)
faulthandler.register(signal.SIGUSR2, file=sys.__stderr__, all_threads=False, chain=True)
truth.settled(sys.argv[1], lambda: {"fd": sys.__stderr__.fileno(), "pid": os.getpid()})
threading.Event().wait()
