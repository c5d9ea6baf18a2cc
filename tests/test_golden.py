"""Reports written by hand, rendered and compared with what is checked in beside them.

tests/golden/cases/NAME.json is a report of schema 1; tests/golden/NAME.txt and its like are what hangwatch
makes of it. UPDATE_GOLDEN=1 writes the latter anew: read the difference before it is committed.
"""

import json
import os
import pathlib
import subprocess

import pytest

import support

support.need_hangwatch()

GOLDEN = pathlib.Path(__file__).parent / "golden"
CASES = sorted(p.stem for p in (GOLDEN / "cases").glob("*.json"))
PARTS = ["--chain", "--tree", "--tasks", "--heavy", "--timeline", "--fds"]


def show(case, *options, command="show", locale="C.UTF-8"):
    env = {**os.environ, "LC_ALL": locale, "NO_COLOR": "1"}
    result = support.hangwatch(command, GOLDEN / "cases" / f"{case}.json", *options, env=env)
    assert result.code == 0 and result.err == "", result
    return result.out.decode("utf-8")


def compare(name, text):
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text)
    assert path.exists(), f"UPDATE_GOLDEN=1 writes {path}"
    assert text == path.read_text()


@pytest.mark.parametrize("case", CASES)
def test_text(case):
    compare(f"{case}.txt", show(case))


@pytest.mark.parametrize("case", ["unarmed_pidfd", "asyncio_gather"])
def test_parts(case):
    compare(f"{case}.parts.txt", "".join(f"==== {part}\n" + show(case, part) for part in PARTS))


def test_all_frames():
    compare("asyncio_gather.frames.txt", show("asyncio_gather", "--all-frames"))


@pytest.mark.parametrize("id", ["verdict", "W1", "F3", "P1", "K0", "R1"])
def test_explain(id):
    compare(f"unarmed_pidfd.{id}.txt", show("unarmed_pidfd", "--explain", id))


def test_explain_what_is_not_there():
    result = support.hangwatch("show", GOLDEN / "cases" / "unarmed_pidfd.json", "--explain", "F99")
    assert result.code == 2 and len(result.err.splitlines()) == 1 and "F99" in result.err, result


@pytest.mark.parametrize("case", CASES)
def test_first_screen(case):
    """What is above the stacks fits one screen, and no line is wider than it."""
    lines = show(case).splitlines()
    ends = [i for i, line in enumerate(lines) if line.startswith("STACKS")]
    assert ends and ends[0] <= 41, lines[:45]
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("case", CASES)
def test_ascii(case):
    """Our own drawing characters give way where the terminal has no UTF-8."""
    assert show(case, locale="C").isascii()
    assert show(case, "--tasks", "--tree", locale="C").isascii()


@pytest.mark.parametrize("case", CASES)
def test_json_round_trip(case, tmp_path):
    """Nothing that was written by hand is lost, and a second pass changes nothing."""
    first = show(case, "--json")
    again = tmp_path / "again.json"
    again.write_text(first)
    second = support.hangwatch("show", again, "--json")
    assert second.out.decode() == first

    def known(theirs, ours, where):
        if isinstance(theirs, dict):
            for key, value in theirs.items():
                # Lists that are left out where nothing was looked at.
                if value == [] and key not in ours:
                    continue
                known(value, ours[key], f"{where}.{key}")
        elif isinstance(theirs, list):
            assert len(theirs) == len(ours), where
            for i, (a, b) in enumerate(zip(theirs, ours)):
                known(a, b, f"{where}[{i}]")
        elif theirs is not False:
            assert theirs == ours, where

    hand = json.loads((GOLDEN / "cases" / f"{case}.json").read_text())
    known(hand, json.loads(first), case)


def test_pack_and_unpack(tmp_path):
    """A .hang file is the JSON, packed: zstdcat | jq must work."""
    packed = tmp_path / "r.hang"
    result = support.hangwatch("show", GOLDEN / "cases" / "upstream.json", "-o", packed)
    assert result.code == 0, result
    assert packed.stat().st_mode & 0o777 == 0o600
    zstd = support.need_command("zstd")
    text = subprocess.run([zstd, "-dcq", packed], capture_output=True, check=True).stdout
    assert json.loads(text)["id"] == "7f3a90c4"
    assert support.hangwatch("show", packed).out == support.hangwatch("show", GOLDEN / "cases" / "upstream.json").out
