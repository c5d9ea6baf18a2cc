"""Every output of a report: well-formed for its reader, and harmless whatever a process calls itself."""

import html.parser
import json
import pathlib
import re

import pytest

import support

support.need_hangwatch()

CASES = pathlib.Path(__file__).parent / "golden" / "cases"
HOSTILE = "\x1b]0;owned\x07</pre><script>alert(1)</script>```\n# heading\n`````\n\u202e\"'&amp;\u009b31m"


def export(path, format):
    result = support.hangwatch("export", path, "--format", format)
    assert result.code == 0 and result.err == "", result
    return result.out.decode()


def poison(value, key=None):
    """A report in which every text that a process could have chosen is hostile."""
    if isinstance(value, dict):
        return {k: poison(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [poison(v, key) for v in value]
    if isinstance(value, str) and key in ("name", "cmdline", "exe", "text", "what", "why", "fix", "sentence", "function",
                                          "module", "file", "title", "waits_on", "source", "hostname", "wchan",
                                          "output", "value", "remote", "local", "detail", "pending", "kernel"):
        return HOSTILE
    return value


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    path = tmp_path_factory.mktemp("hostile") / "hostile.json"
    report = poison(json.loads((CASES / "unarmed_pidfd.json").read_text()))
    path.write_text(json.dumps(report))
    return path


class Page(html.parser.HTMLParser):
    """What a browser would find: elements, links and targets."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.links, self.ids = [], [], set(), set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag != "meta":
            self.open.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), (tag, name)
            if name == "href":
                self.links.add(value)
            if name == "id":
                self.ids.add(value)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("case", ["upstream", "unarmed_pidfd", "mutex_abba"])
def test_html(case):
    text = export(CASES / f"{case}.json", "html")
    page = Page(text)
    assert page.open == [] and "script" not in page.tags and "img" not in page.tags
    assert page.links and all(link.startswith("#F") and link[1:] in page.ids for link in page.links)
    assert "http" not in re.sub(r'http-equiv', "", text), "nothing is loaded from anywhere"


def test_html_hostile(hostile):
    page = Page(export(hostile, "html"))
    assert page.open == [] and "script" not in page.tags


def code_outside_fences(text):
    outside, fence = [], None
    for line in text.splitlines():
        match = re.match(r" {0,3}(`{3,})", line)
        if fence is None and match:
            fence = match.group(1)
        elif fence is not None and re.fullmatch(r" {0,3}`{%d,} *" % len(fence), line):
            fence = None
        elif fence is None:
            outside.append(line)
    assert fence is None
    return "\n".join(outside)


@pytest.mark.parametrize("case", ["upstream", "socket_holders"])
def test_github(case):
    text = export(CASES / f"{case}.json", "github")
    assert "VERDICT" in text and "<details><summary>Facts</summary>" in text
    assert "70112" not in code_outside_fences(text)


def test_github_hostile(hostile):
    outside = code_outside_fences(export(hostile, "github"))
    assert "<script" not in outside and "heading" not in outside and "owned" not in outside


@pytest.mark.parametrize("format", ["text", "github", "html", "json", "perfetto", "speedscope"])
def test_no_control_characters(hostile, format):
    text = export(hostile, format)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    for part in ("--chain", "--tree", "--tasks", "--heavy", "--timeline", "--fds", "--explain=verdict", "--all-frames"):
        text = support.hangwatch("show", hostile, part).out.decode()
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text), part


def test_hostile_text_starts_no_line(hostile):
    text = export(hostile, "text")
    assert not re.search("^# heading", text, re.M)


@pytest.mark.parametrize("case", sorted(p.stem for p in CASES.glob("*.json")))
def test_speedscope(case):
    report = json.loads((CASES / f"{case}.json").read_text())
    scope = json.loads(export(CASES / f"{case}.json", "speedscope"))
    profile, = scope["profiles"]
    frames = scope["shared"]["frames"]
    stacks = [t for p in report["processes"] for t in p["threads"] if "frames" in t]
    assert len(profile["samples"]) == len(profile["weights"]) == profile["endValue"] == len(stacks)
    for sample, thread in zip(profile["samples"], stacks):
        names = [frames[i]["name"] for i in sample]
        assert names[1:] == [f["function"] for f in reversed(thread["frames"])]
    assert all(f["name"] for f in frames)


@pytest.mark.parametrize("case", sorted(p.stem for p in CASES.glob("*.json")))
def test_perfetto(case):
    report = json.loads((CASES / f"{case}.json").read_text())
    events = json.loads(export(CASES / f"{case}.json", "perfetto"))["traceEvents"]
    slices = {(e["pid"], e["tid"]): e for e in events if e["ph"] == "X"}
    assert len({e["pid"] for e in events if e["name"] == "process_name"}) == len(report["processes"])
    assert len(slices) == sum(len(p["threads"]) + len(p.get("tasks", [])) for p in report["processes"])
    assert all(e["ts"] >= 0 for e in events if "ts" in e)
    starts = {e["id"]: e for e in events if e["ph"] == "s"}
    ends = {e["id"]: e for e in events if e["ph"] == "f"}
    assert starts.keys() == ends.keys()
    for arrow in (*starts.values(), *ends.values()):
        slice = slices[arrow["pid"], arrow["tid"]]
        assert slice["ts"] <= arrow["ts"] <= slice["ts"] + slice["dur"], "an arrow must lie in its slice"
