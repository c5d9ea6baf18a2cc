"""What stands behind the signals that a Python process catches."""

import pathlib
import signal

import pytest
import reading
import support


@pytest.fixture
def system():
    """The system's own Python."""
    return reading.system()


@reading.each(trio=False)
def test_handlers(env):
    with reading.program(env, "signal_handlers.py") as (target, truth):
        report = reading.read(target.pid)
        behind = {f["value"]: f["text"].rsplit(" (", 1)[0] for f in reading.facts(report, "signal_handler")}
        expected = {
            signal.SIGINT: "_signal.default_int_handler",
            signal.SIGHUP: "__main__.on_hangup",
            signal.SIGTERM: "__main__.Server.stop",
            signal.SIGALRM: "__main__.with_argument",
            signal.SIGURG: "__main__.Server.__call__",
            signal.SIGWINCH: "__main__.<lambda>",
            signal.SIGRTMIN: "tractor.devx._stackscope.dump_tree_on_sig",
            signal.SIGUSR1: f"faulthandler.register(file={truth['fd']}, all_threads=True, chain=False)",
            signal.SIGUSR2: f"faulthandler.register(file={truth['fd']}, all_threads=False, chain=True)",
        }
        assert behind == {int(number): text for number, text in expected.items()}
        place = next(f["text"] for f in reading.facts(report, "signal_handler") if f["value"] == signal.SIGHUP)
        assert place.endswith("signal_handlers.py:15)")
        dumps = {f["value"] for f in reading.facts(report, "dump_handler")}
        assert dumps == {int(signal.SIGUSR1), int(signal.SIGRTMIN)}, "what chains to another handler may do anything"


VOUCH = ["--dump-handler", "__main__.vouched", "--dump-handler", "__main__.Service.dump"]


def asked(target, *options):
    """What the report says of SIGUSR1 to the target: it was sent, or why it was not."""
    support.wait_until(lambda: support.all_blocked(support.tree(target.pid)), "it to sleep")
    report = support.dump(target.pid, "--samples", "1", "--no-store", *options)
    row = next(s for s in report["signals"] if s["pid"] == target.pid)
    assert row["signal"] == "SIGUSR1" and row["alive_after"] is True, row
    assert support.alive(target.pid)
    return row


def said(target):
    path = pathlib.Path(support.read_text(f"/proc/{target.pid}/cmdline").split("\0")[-3]).parent / "said"
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize("kind, options, text", [
    ("faulthandler", [], "most recent call first"),
    ("tractor", [], "tractor"),
    ("celery", [], "celery"),
    ("vouched", VOUCH, "vouched"),
    ("method", VOUCH, "method"),
])
def test_asked(system, kind, options, text):
    with reading.program(system, "dump_handlers.py", kind) as (target, _):
        row = asked(target, *options)
        assert row["sent"], row
        support.wait_until(lambda: text in said(target), "what the handler writes")


@pytest.mark.parametrize("kind", ["chained", "vouched", "other-module", "other-package", "wrapped", "renamed", "made",
                                  "vouched-wrapped"])
def test_not_asked(system, kind):
    """A handler that looks like one that is known, but is not; nor one that others vouch for is known."""
    options = VOUCH if kind != "vouched" else []
    with reading.program(system, "dump_handlers.py", kind) as (target, _):
        row = asked(target, *options)
        assert not row["sent"], row
        assert "not known" in row["why"]
        assert not said(target)


def test_option_wants_a_name():
    for value in ("", "no_module"):
        result = support.hangwatch("dump", "1", "--dump-handler", value)
        assert result.code == 2 and "--dump-handler takes MODULE.FUNCTION" in result.err
