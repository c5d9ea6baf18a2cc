#!/usr/bin/env python3
"""Writes tests/fuzz/corpus/python: recordings of small programs in the interpreters that tests/python/envs.py has made.

make_python_seeds.py [PATTERN…]      names of environments; the default is one of each minor version"""

import pathlib
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tests/python"), str(TOP / "tests")]

import reading      # noqa: E402

DEFAULT = ["pyenv-3.9.18", "pyenv-3.10.13", "pyenv-3.11.7", "pyenv-3.12.1", "pyenv-3.13.0", "sid-3.14", "sid-3.15",
           "sid-3.13t"]
# The minor versions between which what a program is about has changed; None: all of them.
PROGRAMS = {"seed_trio.py": None, "seed_asyncio.py": [9, 11, 12, 13, 14, 15], "seed_greenlet.py": [11, 14]}


def main(patterns):
    corpus = TOP / "tests/fuzz/corpus/python"
    corpus.mkdir(parents=True, exist_ok=True)
    for env in reading.usable():
        if env.interpreter.name not in patterns or not env.name.endswith("newest"):
            continue
        for name, minors in PROGRAMS.items():
            if (minors and reading.minor(env) not in minors) or (env.interpreter.free_threaded and "greenlet" in name):
                continue
            seed = corpus / f"{reading.minor(env)}{'t' * env.interpreter.free_threaded}_{name[5:-3]}"
            with reading.program(env, name) as (target, _):
                subprocess.run([TOP / "build/tests/python/pyread", str(target.pid), "--record", seed],
                               stdout=subprocess.DEVNULL, env={"PYREAD_LOCALS": "1"}, check=True)
            print(seed.name, seed.stat().st_size)


main(sys.argv[1:] or DEFAULT)
