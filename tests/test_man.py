"""The manual page is well-formed, as far as a tool for that is at hand, and says what the program says of itself."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

import support

PAGE = os.path.join(support.TOP, "man", "hangwatch.1")
TEXT = pathlib.Path(PAGE).read_text()
COMMANDS = ["dump", "attach", "run", "list", "show", "export", "diff", "rm", "doctor"]


def help_of(*command):
    support.need_hangwatch()
    return support.hangwatch(*command, "--help").out.decode()


def test_page_renders():
    if not shutil.which("groff") and not shutil.which("mandoc"):
        pytest.skip("neither groff nor mandoc is installed")
    argv = ["mandoc", "-Tlint", "-Wwarning", PAGE] if shutil.which("mandoc") else ["groff", "-ww", "-mdoc", "-Tutf8", PAGE]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "", done.stderr


def test_every_option_is_on_the_page():
    texts = help_of() + "".join(help_of(command) for command in COMMANDS)
    options = set(re.findall(r"--([a-z][a-z-]*)", texts))
    assert len(options) > 30
    assert options == set(re.findall(r"Fl -([a-z][a-z-]*)", TEXT))


def test_every_command_and_format_is_on_the_page():
    commands = set(re.findall(r"^  ([a-z]+) ", help_of(), re.M))
    assert commands == set(COMMANDS) == set(re.findall(r"^\.It Cm (\w+)$", TEXT, re.M))
    formats = set(re.findall(r"^  ([a-z]+) ", help_of("export").partition("FORMAT is one of:")[2], re.M))
    section = TEXT[TEXT.index(".It Fl -format"):TEXT.index(".It Fl -json")]
    assert formats == set(re.findall(r"^\.Li (\w+)", section, re.M))


def test_every_exit_code_and_verdict_is_on_the_page():
    header = pathlib.Path(support.TOP, "cli", "cli.h").read_text()
    status = TEXT[TEXT.index(".Sh EXIT STATUS"):TEXT.index(".Sh RIGHTS")]
    codes = re.findall(r"\bEXIT_\w+ = (\d+)", header)
    assert len(codes) > 8
    assert not [code for code in codes if not re.search(rf"\b{code}\b", status)]
    schema = pathlib.Path(support.TOP, "snapshot", "schema.c").read_text()
    classes = re.search(r"names_verdict_class\[\] = \{(.*?)\}", schema, re.S).group(1)
    assert re.findall(r'"([A-Z_]+)"', classes) == re.findall(r"^\.It ([A-Z_]+)$", TEXT[TEXT.index(".It STOPPED"):], re.M)
