"""The machine-readable schema: made from the code, checked in, and true of real reports; the pages about both."""

import json
import pathlib
import re
import subprocess
import sys

import pytest

import support

support.need_hangwatch()
jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")

TOP = pathlib.Path(support.TOP)
SCHEMA = json.loads((TOP / "docs" / "report.schema.json").read_text())
CASES = sorted((TOP / "tests" / "golden" / "cases").glob("*.json"))


def keys_known(value, schema, where="report"):
    """The schema allows keys that it does not know; what this hangwatch writes must all be known."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    for choice in schema.get("anyOf", []):
        if "$ref" in choice and value is not None:
            schema = SCHEMA["$defs"][choice["$ref"].rsplit("/", 1)[1]]
    if isinstance(value, dict) and "properties" in schema:
        for key, inner in value.items():
            assert key in schema["properties"], f"{where}.{key} is not in the schema"
            keys_known(inner, schema["properties"][key], f"{where}.{key}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            keys_known(inner, schema.get("items", {}), f"{where}[{i}]")


def validate(report):
    jsonschema.validate(report, SCHEMA, cls=jsonschema.Draft202012Validator)
    keys_known(report, SCHEMA)


def test_checked_in_schema_is_the_code_s():
    """hangwatch _schema > docs/report.schema.json after a change of snapshot/schema.c."""
    assert support.hangwatch("_schema").report == SCHEMA


def test_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("case", CASES, ids=lambda p: p.stem)
def test_cases(case):
    validate(json.loads(case.read_text()))
    validate(support.hangwatch("show", "--json", case).report)


def test_wrong_reports_are_refused():
    for wrong in ({"schema": 2, "processes": []}, {"schema": 1}, {"schema": 1, "processes": [{"pid": 1}]},
                  {"schema": 1, "processes": [{"id": "T1"}]}, {"schema": 1, "processes": [{"id": "P0", "pid": "1"}]},
                  {"schema": 1, "processes": [], "waits": [{"id": "W0", "need": "most"}]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, SCHEMA, cls=jsonschema.Draft202012Validator)


def test_real_report(store):
    script = ("import asyncio, os, sys\n"
              "if os.fork() == 0: os.read(os.pipe()[0], 1)\n"
              "os.write(1, b'READY\\n')\n"
              "async def main(): await asyncio.gather(asyncio.sleep(600), asyncio.Event().wait())\n"
              "asyncio.run(main())\n")
    with support.target([sys.executable, "-c", script]) as target:
        report = support.dump(target.pid)
        validate(report)
        assert len(report["processes"]) >= 2


def test_every_key_is_documented():
    text = (TOP / "docs" / "REPORT.md").read_text()
    for name, definition in {"report": SCHEMA, **SCHEMA["$defs"]}.items():
        for key in definition["properties"]:
            assert f"`{key}`" in text, f"{key} of {name} is not in docs/REPORT.md"


def arguments(text):
    """The arguments of a C call, of which `text` is what follows the parenthesis."""
    parts, depth, quoted = [""], 0, False
    for before, c in zip(" " + text, text):
        quoted ^= c == '"' and before != "\\"
        depth += 0 if quoted else (c in "({[") - (c in ")}]")
        if depth < 0:
            break
        if c == "," and not quoted and not depth:
            parts.append("")
        else:
            parts[-1] += c
    return [part.strip() for part in parts]


def test_every_fact_key_is_documented():
    folders = ("acquire", "capture", "collectors", "decode", "raw", "runtimes", "snapshot")
    sources = "".join(path.read_text() for folder in folders for path in (TOP / folder).rglob("*.c"))
    calls = [arguments(rest) for rest in sources.split("builder_fact(")[1:]]
    used = {call[3].strip('"') for call in calls if call[3].startswith('"')}
    page = (TOP / "docs" / "facts.md").read_text()
    listed = {key for row in re.findall(r"^\| (`.*?) \|", page, re.M) for key in re.findall(r"`(\w+)`", row)}
    assert len(used) > 30
    assert used <= listed, used - listed
    assert not {key for key in listed if f'"{key}"' not in sources}
