"""One handler of SIGUSR1: argv[2] says which. Those that are no dump handlers end the process."""

import faulthandler
import functools
import importlib
import os
import pathlib
import signal
import sys
import threading
import types

import truth

folder = pathlib.Path(sys.argv[1]).parent
said = folder / "said"

PACKAGES = {
    "tractor.devx._stackscope": "def dump_tree_on_sig(sig, frame):\n    open({said!r}, 'w').write('tractor')\n",
    "celery.apps.worker": "def install_cry_handler(sig='SIGUSR1'):\n"
                          "    def cry_handler(*args):\n        open({said!r}, 'w').write('celery')\n"
                          "    return cry_handler\n",
    # The same names, in a place that only ends alike.
    "nottractor.devx._stackscope": "def dump_tree_on_sig(sig, frame):\n    import os\n    os._exit(3)\n",
}


def package(name):
    path = folder.joinpath(*name.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PACKAGES[name].format(said=str(said)))
    sys.path.insert(0, str(folder))
    return importlib.import_module(name)


def dump_tree_on_sig(sig, frame):
    os._exit(3)


def vouched(sig, frame):
    said.write_text("vouched")


class Service:
    def dump(self, sig, frame):
        said.write_text("method")


def install(kind):
    if kind == "faulthandler":
        faulthandler.register(signal.SIGUSR1, file=open(said, "w"))
        return None
    if kind == "chained":
        signal.signal(signal.SIGUSR1, dump_tree_on_sig)
        faulthandler.register(signal.SIGUSR1, file=open(said, "w"), chain=True)
        return None
    if kind == "tractor":
        return package("tractor.devx._stackscope").dump_tree_on_sig
    if kind == "celery":
        return package("celery.apps.worker").install_cry_handler()
    if kind == "vouched":
        return vouched
    if kind == "method":
        return Service().dump
    # From here on what only looks alike.
    if kind == "other-module":
        return dump_tree_on_sig
    if kind == "other-package":
        return package("nottractor.devx._stackscope").dump_tree_on_sig
    if kind == "wrapped":
        real = package("tractor.devx._stackscope").dump_tree_on_sig

        @functools.wraps(real)
        def wrapper(sig, frame):
            os._exit(3)

        return wrapper
    if kind == "renamed":
        dump_tree_on_sig.__module__ = "tractor.devx._stackscope"
        return dump_tree_on_sig
    if kind == "made":
        module = types.ModuleType("tractor.devx._stackscope")
        exec("import os\ndef dump_tree_on_sig(sig, frame): os._exit(3)", module.__dict__)
        return module.dump_tree_on_sig
    if kind == "vouched-wrapped":
        @functools.wraps(vouched)
        def other(sig, frame):
            os._exit(3)

        return other
    raise ValueError(kind)


handler = install(sys.argv[2])
if handler:
    signal.signal(signal.SIGUSR1, handler)
truth.settled(sys.argv[1], lambda: {})
while True:
    threading.Event().wait()
