"""Threads that wait for locks; the truth is who has each, by the name of the thread, or null where nobody can be named."""

import sys
import threading

import truth

TRUTH = {}
ready = threading.Semaphore(0)
never = threading.Event()


def thread(name, function, *args):
    threading.Thread(target=function, args=args, name=name, daemon=True).start()


def inside(lock):
    """Within more than one block, and calling something."""
    for _ in range(1):
        try:
            with lock:
                try:
                    with open("/dev/null") as null:
                        ready.release()
                        never.wait()
                        del null
                except OSError:
                    pass
        finally:
            pass


def outside(lock):
    """Was inside once; the one that has it now took it in another way."""
    with lock:
        with lock_of_nobody:
            pass
    lock.acquire()
    ready.release()
    never.wait()


lock_of_nobody = threading.Lock()


def in_wait(condition):
    with condition:
        ready.release()
        condition.wait()


def taken_by_hand(lock):
    lock.acquire()
    ready.release()
    never.wait()


def wants(lock):
    with lock:
        pass


def wants_by_hand(lock):
    lock.acquire()


def wants_deep(condition):
    with condition:
        pass


def pair(name, make, owner, waiter, known=True):
    """`owner` has the lock before `waiter` asks for it."""
    lock = make()
    thread(f"{name} owner", owner, lock)
    ready.acquire()
    thread(name, waiter, lock)
    TRUTH[name] = f"{name} owner" if known else None


def collect():
    return TRUTH


pair("lock", threading.Lock, inside, wants)
pair("lock by hand", threading.Lock, inside, wants_by_hand)
pair("rlock", threading.RLock, inside, wants)
pair("rlock by hand", threading.RLock, taken_by_hand, wants_by_hand)
pair("condition", threading.Condition, inside, wants)
pair("condition of a lock", lambda: threading.Condition(threading.Lock()), inside, wants_deep)
pair("acquired", threading.Lock, taken_by_hand, wants, known=False)
pair("left", threading.Lock, outside, wants, known=False)

# The one in wait() is inside as well, and has given the lock back.
condition = threading.Condition(threading.Lock())
thread("in wait", in_wait, condition)
ready.acquire()
thread("given back owner", inside, condition)
ready.acquire()
thread("given back", wants, condition)
TRUTH["given back"] = "given back owner"

truth.settled(sys.argv[1], collect)
never.wait()
