"""Python frames with C between them: every way in which C calls back, on top of each other."""

import ctypes
import functools
import importlib.machinery
import re
import sys
import threading
import types

import truth


def leaf():
    threading.Event().wait()


class Finder:
    """Imports the module `pending`, whose code is the rest of the chain."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, Finder) if name == "pending" else None

    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        leaf()


def through_import():
    import pending      # noqa: F401


class Deleted:
    def __del__(self):
        through_import()


def through_del():
    thing = Deleted()
    del thing


@ctypes.CFUNCTYPE(None)
def from_c():
    through_del()


def through_ctypes():
    from_c()


class Callable:
    def __call__(self):
        through_ctypes()

    def __eq__(self, other):
        return self() or True


@functools.lru_cache
def cached(number):
    return [Callable()].index(3)


def through_reduce():
    functools.reduce(lambda a, b: cached(b), [1, 2])


def through_listing():
    """A generator that a container's constructor runs."""
    return list(through_reduce() for _ in [1])


class Context:
    def __enter__(self):
        through_listing()

    def __exit__(self, *exc):
        pass


def through_with():
    with Context():
        pass


def inlined(number):
    through_with()


def key(number):
    inlined(number)


class Attributes:
    def __getattr__(self, name):
        return list(map(functools.partial(key), [1]))


def through_sort():
    return sorted([1, 2], key=lambda n: Attributes().anything)


def inner_generator():
    yield through_sort()


def generator():
    yield from inner_generator()


async def coroutine():
    for _ in generator():
        pass


def through_send():
    try:
        coroutine().send(None)
    except StopIteration:
        pass


def through_re():
    re.sub("a", lambda match: through_send() or "", "a")


def renamed(function, name):
    """The function under a name that no source could give it."""
    return types.FunctionType(function.__code__.replace(co_name=name), globals(), name)


def recurse(depth):
    if depth:
        recurse(depth - 1)
    else:
        leaf()


NAMES = {
    "escapes": "\x1b[31mred\x1b[0m\r\n\x07",
    "snow": "schn\u00e9e_\u2603_\U0001d54f",
    "alone": "lone_\udc80_surrogate",
    "zero": "null_\0_in_it",
    "long": "x" * 10000,
}
threads = {}


def start(name, target, *args):
    thread = threading.Thread(target=target, args=args, name=name, daemon=True)
    thread.start()
    threads[name] = thread.ident


def account():
    frames = sys._current_frames()
    return {name: truth.stack(frames[ident]) for name, ident in threads.items()}


if __name__ == "__main__":
    sys.meta_path.insert(0, Finder)
    sys.setrecursionlimit(6000)
    threading.stack_size(768 << 20)
    threads["MainThread"] = truth.main_ident()
    start("deep", recurse, 5000)
    for short, text in NAMES.items():
        start(short, renamed(leaf, text))
    truth.settled(sys.argv[1], account)
    exec("through_re()")
