"""Threads that wait for things which nobody, somebody or anybody else can get at.

The truth is who: a list of names of threads, or null where it is anybody's guess."""

import asyncio
import concurrent.futures
import queue
import signal
import sys
import threading
import weakref

import truth

TRUTH = {}
GLOBAL = threading.Event()
never = threading.Event()
references = []


def start(true, name, function, *args):
    TRUTH[name] = true
    beside(name, function, *args)


def beside(name, function, *args):
    threading.Thread(target=function, args=args, name=name, daemon=True).start()


def keep(*things):
    never.wait()


def wait(thing):
    thing.wait()


def nobody():
    events = {"it": threading.Event(), "other": threading.Event()}
    events["it"].wait()


def variable():
    event = threading.Event()
    event.wait()


def nameless():
    threading.Event().wait()


def of_module():
    event = GLOBAL
    event.wait()


def of_weak_holder():
    class Weak:
        event = None

    holder = Weak()
    holder.event = threading.Event()
    references.append(weakref.ref(holder))
    holder.event.wait()


def in_closure():
    event = threading.Event()

    def setter():
        never.wait()
        event.set()

    beside("has it in a closure", setter)
    event.wait()


def in_thread():
    event = threading.Event()
    beside("has it", keep, event)
    event.wait()


def not_started():
    event = threading.Event()
    thread = threading.Thread(target=event.set, daemon=True)
    beside("has a thread that may begin", keep, thread)
    del thread
    event.wait()


class Service:
    """An object whose method a thread runs: whoever has that has what is in it."""

    def __init__(self):
        self.done = threading.Event()

    def run(self):
        never.wait()


def of_service():
    service = Service()
    beside("runs the service", service.run)
    done = service.done
    del service
    done.wait()


class Own(threading.Thread):
    def __init__(self):
        super().__init__(name="is a thread of its own class", daemon=True)
        self.done = threading.Event()

    def run(self):
        never.wait()


def of_own_class():
    thread = Own()
    thread.start()
    done = thread.done
    del thread
    done.wait()


def get(things):
    things.get()


def put(things):
    things.put(1)
    things.put(2)


def consumer():
    things = queue.Queue()
    beside("produces", keep, things)
    get(things)


def producer():
    things = queue.Queue(1)
    beside("consumes", keep, things)
    put(things)


def joiner():
    things = queue.Queue()
    things.put(1)
    beside("has yet to do it", keep, things)
    things.join()


def acquire(semaphore):
    semaphore.acquire()


def semaphore():
    it = threading.Semaphore(0)
    beside("may release it", keep, it)
    acquire(it)


def barrier():
    it = threading.Barrier(2)
    beside("may come to the barrier", keep, it)
    it.wait()


def condition():
    it = threading.Condition()
    beside("notifies", keep, it)
    with it:
        it.wait()


def future():
    it = concurrent.futures.Future()
    beside("has its result", keep, it)
    it.result()


def waits_for_futures():
    futures = [concurrent.futures.Future() for _ in range(3)]
    beside("has one of them", keep, futures[0])
    concurrent.futures.wait(futures)


async def nothing():
    await asyncio.Event().wait()


async def of_own_loop():
    asyncio.run_coroutine_threadsafe(nothing(), asyncio.get_running_loop()).result()


def of_coroutine():
    loop = asyncio.new_event_loop()
    beside("runs a loop", loop.run_forever)
    asyncio.run_coroutine_threadsafe(nothing(), loop).result()


def main():
    start([], "nobody", nobody)
    start([], "variable", variable)
    start(None, "nameless", nameless)
    start(None, "of module", of_module)
    start(None, "of weak holder", of_weak_holder)
    start(["has it in a closure"], "in closure", in_closure)
    start(["has it"], "in thread", in_thread)
    start(None, "not started", not_started)
    start(["runs the service"], "of service", of_service)
    start(["is a thread of its own class"], "of own class", of_own_class)
    start(["produces"], "consumer", consumer)
    start(["consumes"], "producer", producer)
    start(["has yet to do it"], "joiner", joiner)
    start(["may release it"], "semaphore", semaphore)
    start(["may come to the barrier"], "barrier", barrier)
    start(["notifies"], "condition", condition)
    start(["has its result"], "future", future)
    start(["has one of them"], "futures", waits_for_futures)
    beside("of coroutine", of_coroutine)
    start(None, "of own loop", asyncio.run, of_own_loop())

    event = threading.Event()
    start([], "first of two", wait, event)
    start([], "second of two", wait, event)
    beside("had it, and has ended", id, event)
    event = threading.Event()
    start(["may give up"], "beside a timeout", wait, event)
    beside("may give up", event.wait, 3600)

    handled = threading.Event()
    start(None, "of signal handler", wait, handled)
    signal.signal(signal.SIGUSR2, lambda *_: handled.set())
    del event
    never.wait()


truth.settled(sys.argv[1], lambda: TRUTH)
main()
