"""The manual page is well-formed, as far as a tool for that is at hand."""

import os
import shutil
import subprocess

import pytest

import support

PAGE = os.path.join(support.TOP, "man", "hangwatch.1")


def test_page_renders():
    if not shutil.which("groff") and not shutil.which("mandoc"):
        pytest.skip("neither groff nor mandoc is installed")
    argv = ["mandoc", "-Tlint", "-Wwarning", PAGE] if shutil.which("mandoc") else ["groff", "-ww", "-mdoc", "-Tutf8", PAGE]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "", done.stderr
