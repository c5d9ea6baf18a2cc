"""Variables of every simple kind, and what a reader that runs no code may say about each."""

import asyncio
import collections
import enum
import sys
import threading

import truth


class Plain:
    pass


class Color(enum.IntEnum):
    RED = 3


class Listing(list):
    pass


def at(thing):
    return f"0x{id(thing):x}"


def same(names, variables):
    """Of these repr() is what is to be shown."""
    return {name: repr(variables[name]) for name in names.split()}


def values(told):
    """`told` is for the account; the rest is compared with it."""
    nothing, yes, no = None, True, False
    zero, small, negative, large, below = 0, 7, -5, 2 ** 64 + 1, -2 ** 100
    huge = -(1 << 5000)
    floats = [0.1, 1e16, 1e15, 9999999999999998.0, 1e-4, 1e-5, 123456789.125, -0.0, 5e-324, 1.7976931348623157e308]
    odd = [float("inf"), float("-inf"), float("nan"), 2.0 ** 0.5]
    text, empty = "it's", ""
    quotes = 'both \' and "'
    hostile = "\x1b[31m\r\n\t\\ \x00 \x7f \u202e \u2028 \udc80 \ufeff"
    letters = "schn\u00e9e \u2603 \U0001d54f \u05d0"
    long = "x" * 5000
    raw = b"\x00\xff'abc\\\n"
    raw_long = b"y" * 3000
    told.update(same("nothing yes no zero small negative large below floats odd text empty quotes hostile letters raw",
                     locals()))
    told.update(
        huge="<int of 5001 bits>",
        long=repr("x" * 100) + "\u2026 (5000 characters)",
        raw_long=repr(b"y" * 100) + "\u2026 (3000 bytes)",
    )
    objects(account["objects"])


def objects(told):
    couple, single, none = (1, "two"), (1,), ()
    nested = [[[[["deep"]]]], {"a": {"b": {"c": 1}}}]
    many = list(range(1000))
    table = {"n": 1.5, 3: None, ("k", 1): [True]}
    members, frozen, no_members, no_frozen = {3}, frozenset({"x"}), set(), frozenset()
    queue = collections.deque([1, 2])
    cycle = []
    cycle.append(cycle)
    error, errors, silent = KeyError("missing"), ValueError("bad", 3), RuntimeError()
    plain, red, listing = Plain(), Color.RED, Listing([1])
    counts = collections.defaultdict(int, a=1)
    function, builtin, klass, module = at, len, Plain, sys
    password = "hunter2"
    apiKey = authHeader = refresh_token = "s3cret"      # noqa: N806
    monkey = author = tokyo = 1
    login = {"user": "me", "passwd": "hunter2", "nested": {"api_key": "s3cret", "keyboard": 1}}
    project_x = "launch codes"

    told.update(same("couple single none members frozen no_members no_frozen queue error errors silent table function "
                     "klass monkey author tokyo project_x", locals()))
    told.update(
        nested="[[[[\u2026]]], {'a': {'b': {\u2026}}}]",
        many="[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, \u2026]",
        cycle="[[[[\u2026]]]]",
        plain=f"<__main__.Plain at {at(plain)}>",
        red="<__main__.Color 3>",
        listing="<__main__.Listing [1]>",
        counts="<collections.defaultdict {'a': 1}>",
        builtin="<built-in function len>",
        module="<module 'sys'>",
        password="<redacted>", apiKey="<redacted>", authHeader="<redacted>", refresh_token="<redacted>",
        login="{'user': 'me', 'passwd': <redacted>, 'nested': {'api_key': <redacted>, 'keyboard': 1}}",
    )
    truth.settled(sys.argv[1], lambda: account)
    threading.Event().wait()


def shares(first, *rest, only=2, **more):
    """Arguments of every kind; `first` and `shared` are cells here and free variables in the inner function."""
    shared = ["cell"]
    unset = None
    del unset

    def inner(own):
        account["inner"] = {"own": "9", "first": "'f'", "shared": "['cell']"}
        values(account["values"])
        return first, shared, own

    account["shares"] = {"first": "'f'", "rest": "(1,)", "only": "4", "more": "{'z': 0}", "shared": "['cell']",
                         "inner": repr(inner)}
    inner(9)


class Body:
    visible = "class body"
    account = {"values": {}, "objects": {}, "Body": {"visible": "'class body'"}, "task": {"ticket": "17"}, "recurse": {"depth": "0"}}
    number = 5
    account["Body"]["number"] = "5"

    async def task(ticket):
        await asyncio.Event().wait()

    threading.Thread(target=lambda task: asyncio.run(task(17)), args=(task,), daemon=True).start()
    globals().update(account=account)
    del account
    shares("f", 1, only=4, z=0)
