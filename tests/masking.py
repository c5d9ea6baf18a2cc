"""Makes a printed report comparable between runs: what must differ is replaced by what it is.

Processes get their names, so that a wrong pid shows as another name; counts, classes, states and words
stay. Where lines break depends on the width of pids, so items are joined and wrapped anew. Left out:
the lines on the moment, the machine and the command, which is cut where its path is long, what is said of the machine's load, for it is said only when
there is some, and what was not seen, which depends on rights and on what else is installed. How much
of a section fits on the screen depends on the width of pids too: of what is not the cause and of the
odd one out the first claim is kept, of the chain its beginning and its end.
"""

import re
import textwrap

_LEFT_OUT = ("box ", "trigger ", "command ", "the load of the machine")

# In this order: what is longest and most special comes first.
_RULES = [
    (r"\b0x[0-9a-f]+(\.\.[0-9a-f]+)?\b", "<ADDR>"),
    (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?", "<TIME>"),
    (r"\b\d\d:\d\d:\d\d(\.\d+)?\b", "<TIME>"),
    (r"\.py:\d+\b", ".py:<LINE>"),
    (r"\b(127\.0\.0\.1|\[?::1\]?|localhost):\d+", r"\1:<PORT>"),
    (r"(?<![\w.]):\d{4,5}\b", ":<PORT>"),
    (r"\b(socket|pipe):\[\d+\]", r"\1:[<INODE>]"),
    (r"\binode \d+", "inode <INODE>"),
    (r"[-+]?\b\d+(\.\d+)? ?(ns|us|µs|ms|s|min|h)\b(?!\w)", "<DURATION>"),
    (r"\b\d+(\.\d+)? ?%", "<PERCENT>"),
    (r"\b([cC]?[pP]ython|trio|Linux|kernel|hangwatch) v?\d+(\.[\w+~-]+)+", r"\1 <VERSION>"),
    (r"\[[PTKRWFEG]\d+(?: [PTKRWFEG]\d+)*(?: …)?\]", "[<IDS>]"),
    (r"\b([PTKRWFEG])\d+\b", r"<\1>"),
    (r"\b(HANG|report|show|view|export|diff) [0-9a-f]{4,32}\b", r"\1 <ID>"),
    (r"\bfd \d+(?:(?:,| and)? \d+)*", "fd <N>"),
    (r"… \d+ more lines", "… more lines"),
]


def _items(text):
    """The lines, each with its continuations joined to it: the verdict is one paragraph, elsewhere an
    item continues where the next line is indented deeper than an item's two blanks."""
    items, heading = [], ""
    for line in text.splitlines():
        depth = len(line) - len(line.lstrip())
        joins = items and items[-1].startswith("  ") and line.strip()
        if depth == 0:
            heading = line
        if joins and (depth > 2 or depth == 2 and heading.startswith("VERDICT")):
            items[-1] += " " + line.strip()
        else:
            items.append(line)
    return items


def _essence(items):
    """Those items of each section that are on the screen whatever the width of the others"""
    sections = []
    for item in items:
        if item.strip().startswith(_LEFT_OUT) or item.strip().startswith("… "):
            continue
        if not item.startswith(" "):
            sections.append([])
        sections[-1].append(item)
    for section in sections:
        if section[0].startswith("NOT THE CAUSE"):
            section[2:] = []
        elif section[0].startswith("ODD ONE OUT"):
            section[1:] = [section[1].partition(";")[0]]
        elif section[0].startswith("WAIT CHAIN"):
            section[3:] = section[-1:]
    return [item for section in sections for item in [*section, ""]]


def mask(text, names, home=None):
    """`names`: {pid: what to call it}; `home`: a directory that differs between checkouts"""
    if home:
        text = text.replace(str(home), "<HOME>")
    for pid in sorted(names, key=lambda p: -len(str(p))):
        text = re.sub(rf"(?<![\w.:]){pid}(?!\w|\.\d)", f"<{names[pid]}>", text)
    lines = []
    for item in _essence(i for i in _items(text.partition("\nNOT SEEN")[0]) if i.strip()):
        for pattern, replacement in _RULES:
            item = re.sub(pattern, replacement, item)
        item = item[:len(item) - len(item.lstrip())] + " ".join(item.split())
        indent = " " * (len(item) - len(item.lstrip()) + 4)
        lines += textwrap.wrap(item, 100, subsequent_indent=indent, break_long_words=False,
                               break_on_hyphens=False) or [""]
    return "\n".join(lines) + "\n"


def first_screen(text):
    """What is above the stacks"""
    lines = text.splitlines()
    ends = [i for i, line in enumerate(lines) if line.startswith("STACKS")]
    return "\n".join(lines[: ends[0] if ends else 40]).rstrip() + "\n"
