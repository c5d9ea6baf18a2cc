"""Every kind of signal handler that Python has, and what stands behind each."""

import faulthandler
import functools
import os
import signal
import sys
import threading
import types

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


# As tractor installs it: what makes it a dump handler is whose function it is.
tractor = types.ModuleType("tractor.devx._stackscope")
exec("def dump_tree_on_sig(sig, frame): pass", tractor.__dict__)

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
