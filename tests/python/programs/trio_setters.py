"""Trio tasks that wait for things which nobody, somebody or anybody else can get at.

The truth is who: a list of names, or null where it is anybody's guess."""

import queue
import signal
import sys
import threading
import weakref

import trio
import truth

TRUTH = {}


class Holder:
    def __init__(self):
        self.event = trio.Event()

    async def live(self):
        await trio.sleep_forever()


class Slotted:
    __slots__ = ("event", "next")

    def __init__(self, event, next=None):
        self.event, self.next = event, next


class Bare:
    pass


GLOBAL = trio.Event()


class Class:
    event = trio.Event()


async def wait(thing):
    await thing.wait()


async def keep(*things):
    await trio.sleep_forever()


async def nobody():
    events = {"it": trio.Event(), "other": trio.Event()}
    await events["it"].wait()


async def variable():
    event = trio.Event()
    await event.wait()


async def nameless():
    await trio.Event().wait()


async def of_class():
    await Class.event.wait()


async def of_module():
    event = GLOBAL
    await event.wait()


async def of_signal_handler():
    event = trio.Event()
    signal.signal(signal.SIGUSR2, lambda *_: event.set())
    await event.wait()


async def of_weak_holder(nursery):
    class Weak:
        event = None

    holder = Weak()
    holder.event = trio.Event()
    Weak.anchor = None
    references.append(weakref.ref(holder))
    await holder.event.wait()


references = []


async def unstarted(nursery):
    event = trio.Event()
    nursery.start_soon(hold_coroutine, [wait(event)], name="has an unstarted coroutine")
    await event.wait()


async def hold_coroutine(coroutines):
    await trio.sleep_forever()


async def in_closure(nursery):
    event = trio.Event()

    async def setter():
        await trio.sleep_forever()
        event.set()

    nursery.start_soon(setter, name="has it in a closure")
    await event.wait()


async def in_callback(nursery):
    event = trio.Event()

    def call():
        event.set()

    nursery.start_soon(keep, call, name="has a function that has it")
    del call
    await event.wait()


async def in_thread():
    event = trio.Event()
    calls = queue.Queue()
    threading.Thread(target=lambda event, calls: calls.get(), args=(event, calls), name="has it", daemon=True).start()
    await event.wait()


async def receive(receiver):
    await receiver.receive()


async def lost_receiver():
    send, receiver = trio.open_memory_channel(0)
    await receiver.receive()


async def send(sender):
    await sender.send(1)


async def ended(event):
    """Had it, and is gone."""


async def condition(thing):
    async with thing:
        await thing.wait()


async def main(below, pop):
    async with trio.open_nursery() as nursery:
        def start(true, name, function, *args):
            TRUTH[name] = true
            nursery.start_soon(function, *args, name=name)

        start([], "nobody", nobody)
        start([], "variable", variable)
        start(None, "nameless", nameless)
        start(None, "of class", of_class)
        start(None, "of module", of_module)
        start(None, "of signal handler", of_signal_handler)
        start(None, "of weak holder", of_weak_holder, nursery)
        start(["has an unstarted coroutine"], "unstarted", unstarted, nursery)
        start(["has it in a closure"], "in closure", in_closure, nursery)
        start(["has a function that has it"], "in callback", in_callback, nursery)
        start(["thread"], "in thread", in_thread)
        start([], "lost receiver", lost_receiver)
        start(["__main__.main"], "below", wait, below)
        start([], "handed over", wait, pop())

        holder = Holder()
        nursery.start_soon(holder.live, name="its object")
        start(["its object"], "of live object", wait, holder.event)
        del holder

        chain = Slotted(trio.Event())
        start(["has a chain of slots"], "in slots", wait, chain.event)
        for _ in range(5):
            chain = Slotted(None, chain)
        nursery.start_soon(keep, chain, name="has a chain of slots")
        del chain

        bare = Bare()
        bare.a, bare.b = [(1, {"x": {trio.Event()}})], bare
        (event,) = bare.a[0][1]["x"]
        start(["has a heap of containers"], "in containers", wait, event)
        nursery.start_soon(keep, bare, name="has a heap of containers")
        del bare, event

        event = trio.Event()
        start([], "first of two", wait, event)
        start([], "second of two", wait, event)
        nursery.start_soon(ended, event)
        del event

        a, b = trio.open_memory_channel(0)
        start(["sends"], "receiver", receive, b)
        start(["sends"], "clone", receive, b.clone())
        nursery.start_soon(keep, a, name="sends")
        del a, b
        a, b = trio.open_memory_channel(0)
        start(["receives"], "sender", send, a)
        nursery.start_soon(keep, b, name="receives")
        del a, b

        lock = trio.Condition()
        start(["notifies"], "condition", condition, lock)
        nursery.start_soon(keep, lock, name="notifies")
        del lock
        await trio.sleep_forever()


truth.settled(sys.argv[1], lambda: TRUTH)


def run():
    below, box = trio.Event(), [None, trio.Event()]
    trio.run(main, below, box.pop)
    box.append(below)


run()
