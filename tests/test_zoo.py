"""Native stacks are right in every kind of build, and say so honestly where they cannot be.

Each build of tests/zoo is captured and compared with gdb and with what the program knows about itself; see
zoo/agreement.py for the comparison and zoo/builds.py for the builds.
"""

import os
import sys

import pytest

import support

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "zoo"))

import agreement
import builds

support.need_hangwatch()

measured = []


@pytest.fixture(scope="module", autouse=True)
def print_table(request):
    yield
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print("\n" + agreement.table(measured))


@pytest.mark.parametrize("build", builds.BUILDS, ids=lambda b: b.name)
def test_frames(build, tmp_path):
    support.need_command("gdb")
    os.chmod(tmp_path, 0o755)
    rows = agreement.measure(build, str(tmp_path))
    measured.extend(rows)
    problems = [p for row in rows for p in row.problems]
    assert not problems, "\n".join(problems)
