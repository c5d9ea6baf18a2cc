"""Makes a printed report comparable between runs: what must differ is replaced by what it is.

Processes get their names, so that a wrong pid shows as another name; counts, classes, states and words
stay. Runs of blanks collapse, for columns move with the width of a pid.
"""

import re

# In this order: what is longest and most special comes first.
_RULES = [
    (r"\b0x[0-9a-f]+(\.\.[0-9a-f]+)?\b", "<ADDR>"),
    (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?", "<TIME>"),
    (r"\b\d\d:\d\d:\d\d(\.\d+)?\b", "<TIME>"),
    (r"\b(127\.0\.0\.1|\[?::1\]?|localhost):\d+", r"\1:<PORT>"),
    (r"(?<![\w.]):\d{4,5}\b", ":<PORT>"),
    (r"\b(socket|pipe):\[\d+\]", r"\1:[<INODE>]"),
    (r"\binode \d+", "inode <INODE>"),
    (r"[-+]?\b\d+(\.\d+)? ?(ns|us|µs|ms|s|min|h)\b(?!\w)", "<DURATION>"),
    (r"\bload \d+(\.\d+)?( on \d+ CPUs?)?", "load <N>"),
    (r"\b\d+(\.\d+)? ?%", "<PERCENT>"),
    (r"\b(CPython|Python|trio|Linux|kernel|hangwatch) v?\d+(\.[\w+~-]+)+", r"\1 <VERSION>"),
    (r"\b([PTKRWFEG])\d+\b", r"<\1>"),
    (r"\b(HANG|report|show|view|export|diff) [0-9a-f]{4,32}\b", r"\1 <ID>"),
    (r"\bfd \d+(?:(?:,| and)? \d+)*", "fd <N>"),
]


def mask(text, names, home=None):
    """`names`: {pid: what to call it}; `home`: a directory that differs between checkouts"""
    if home:
        text = text.replace(str(home), "<HOME>")
    for pid in sorted(names, key=lambda p: -len(str(p))):
        text = re.sub(rf"(?<![\w.:]){pid}(?![\w.])", f"<{names[pid]}>", text)
    for pattern, replacement in _RULES:
        text = re.sub(pattern, replacement, text)
    lines = (re.sub(r"(?<=\S)\s{2,}", "  ", line).rstrip() for line in text.splitlines())
    return "\n".join(lines) + "\n"


def first_screen(text):
    """What is above the stacks"""
    lines = text.splitlines()
    ends = [i for i, line in enumerate(lines) if line.startswith("STACKS")]
    return "\n".join(lines[: ends[0] if ends else 40]).rstrip() + "\n"
