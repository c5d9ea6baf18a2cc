"""The scripts around the build: what they promise about output and exit status, without installing anything."""

import os
import pathlib
import subprocess

import pytest

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent / "scripts"

CMOCKA = """\
[==========] tests: Running 3 test(s).
[       OK ] test_one
[  SKIPPED ] test_two
[  FAILED  ] test_three
[==========] tests: 3 test(s) run.
[  PASSED  ] 1 test(s).
[  SKIPPED ] tests: 1 test(s), listed below:
[  SKIPPED ] test_two
[  FAILED  ] tests: 1 test(s), listed below:
[  FAILED  ] test_three

 1 FAILED TEST(S)
"""


@pytest.mark.parametrize(
    "log, line, status",
    [
        ("", "0 passed, 0 failed, 0 skipped", 1),
        ("[  PASSED  ] 12 test(s).\n", "12 passed, 0 failed, 0 skipped", 0),
        (CMOCKA, "1 passed, 1 failed, 1 skipped", 1),
        ("==== 3 passed, 2 skipped, 1 warning in 61.20s (0:01:01) ====\n", "3 passed, 0 failed, 2 skipped", 0),
        ("1 failed, 4 passed, 1 xfailed, 2 errors in 0.10s\n", "4 passed, 3 failed, 1 skipped", 1),
        ("\033[32m==== \033[1m7 passed\033[0m in 0.01s ====\033[0m\n", "7 passed, 0 failed, 0 skipped", 0),
        ("PASS: zoo\nSKIP: bpf (needs root)\n", "1 passed, 0 failed, 1 skipped", 0),
        ("[  PASSED  ] 2 test(s).\n3 passed in 1.00s\nFAIL: layers\n", "5 passed, 1 failed, 0 skipped", 1),
        ("a test wrote: 5 passed in vain\n", "0 passed, 0 failed, 0 skipped", 1),
    ],
)
def test_counts(tmp_path, log, line, status):
    path = tmp_path / "log"
    path.write_text(log)
    done = subprocess.run([SCRIPTS / "count-tests", path], capture_output=True, text=True)
    assert done.stdout == line + "\n"
    assert done.returncode == status


def test_setup_elsewhere_says_what_to_install(tmp_path):
    for tool in ("bash", "dirname", "env"):
        (tmp_path / tool).symlink_to(f"/usr/bin/{tool}")
    done = subprocess.run([SCRIPTS / "setup"], env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 3
    assert "libunwind-dev" in done.stderr and "libcmocka-dev" in done.stderr

    done = subprocess.run([SCRIPTS / "setup", "--build"], env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 3
    assert "libunwind-dev" in done.stderr and "libcmocka-dev" not in done.stderr


@pytest.mark.parametrize("script", ["setup", "check"])
def test_wrong_option_is_usage(script):
    done = subprocess.run([SCRIPTS / script, "--nonsense"], env=os.environ, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: ")
