"""What stands behind the signals that a Python process catches."""

import signal

import reading


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
        assert place.endswith("signal_handlers.py:14)")
        dumps = {f["value"] for f in reading.facts(report, "dump_handler")}
        assert dumps == {int(signal.SIGUSR1), int(signal.SIGRTMIN)}, "what chains to another handler may do anything"
