"""Frames of code that comes from nowhere usual, each on a thread of its own: the names of files that they claim are not files."""

import os
import sys
import threading
import zipfile

import truth

HOSTILE = "/no/such\n\x1b[2J\u202e\u2066dir/\udcff\"'\\.py"
idents = {}
go = threading.Event()


def block():
    go.wait()


def start(name, target):
    def run():
        idents[name] = threading.get_ident()
        target()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()


def compiled(source, filename, mode="exec"):
    return lambda: exec(compile(source, filename, mode), {"block": block})


def nested(depth):
    """Generators that delegate to each other, the innermost of which hangs."""
    if depth:
        yield from nested(depth - 1)
    else:
        block()
        yield


def from_zip():
    path = os.path.join(os.path.dirname(sys.argv[1]), "packed.zip")
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("packed/__init__.py", "")
        packed.writestr("packed/inner.py", "\n\n\ndef call(function):\n    function()\n")
    sys.path.insert(0, path)
    from packed.inner import call

    call(block)


def without_lines():
    """As tools make it that rewrite code: no table of lines."""
    code = compile("\n\nblock()\n", "<made>", "exec")
    table = {"co_linetable": b""} if sys.version_info >= (3, 10) else {"co_lnotab": b""}
    exec(code.replace(**table), {"block": block})


def far_line():
    exec(compile("\n" * 70000 + "block()\n", "<far>", "exec"), {"block": block})


def moved():
    code = compile("def f():\n    block()\nf()\n", "<moved>", "exec")
    exec(code.replace(co_firstlineno=1000), {"block": block})


def many_lines():
    """A call over several lines: which line it is at differs between versions."""
    (
        block
    )(
        *[
        ],
    )


class Meta(type):
    def __new__(mcs, name, bases, namespace):
        block()


def in_class_statement():
    class Odd(metaclass=Meta):
        pass


def account():
    frames = sys._current_frames()
    return {name: [frame for frame in truth.stack(frames[ident])] for name, ident in idents.items()}


if __name__ == "__main__":
    sys.setrecursionlimit(4000)
    threading.stack_size(512 << 20)
    start("string", compiled("block()", "<string>"))
    start("eval", compiled("[block() for _ in [1]]", "<expression>", "eval"))
    start("hostile", compiled("def \u0444():\n\n block()\n\u0444()", HOSTILE))
    start("empty", compiled("block()", ""))
    start("long", compiled("block()", "/" + "d" * 9000 + ".py"))
    start("generators", lambda: next(nested(900)))
    start("zip", from_zip)
    start("no lines", without_lines)
    start("far", far_line)
    start("moved", moved)
    start("several", many_lines)
    start("class", in_class_statement)
    start("lambda", lambda: (lambda: [(lambda: block())()])())
    truth.settled(sys.argv[1], lambda: {"stacks": account(), "idents": idents})
    threading.Event().wait()
