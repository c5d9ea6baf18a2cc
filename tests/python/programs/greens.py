"""Greenlets that are switched out in every way there is, and their own account.

greens.py PATH greenlet|gevent: bare greenlets in two threads, or gevent's on its hub."""

import functools
import gc
import sys
import threading

import greenlet
import truth

KEPT = []
RESTING = []    # threads that have made all their greenlets


def back():
    greenlet.getcurrent().parent.switch()


def leaf(depth):
    if depth:
        return leaf(depth - 1)
    return back()


def through_map(depth):
    return list(map(leaf, [depth]))


def through_sort():
    return sorted([1], key=leaf)


def numbers():
    yield 1
    back()
    yield 2


def through_generator():
    return sum(numbers())


def through_nested():
    """Starts another one; both are switched out, the inner one by way of the outer one's thread."""
    inner = greenlet.greenlet(functools.partial(leaf, 1))
    KEPT.append(inner)
    inner.switch()
    back()


def over():
    pass


class Derived(greenlet.greenlet):
    def run(self):
        leaf(3)


def start(function, *args):
    made = greenlet.greenlet(functools.partial(function, *args))
    KEPT.append(made)
    made.switch()


def many(inside):
    start(leaf, 0)
    start(leaf, 40)
    start(through_map, 2)
    start(through_sort)
    start(through_generator)
    start(through_nested)
    start(over)
    derived = Derived()
    derived.switch()
    KEPT.extend([derived, greenlet.greenlet(leaf)])
    # One that runs: its frames are its thread's, not a greenlet's that is switched out.
    running = greenlet.greenlet(inside)
    KEPT.append(running)
    running.switch()


def rests():
    RESTING.append(threading.current_thread().name)
    threading.Event().wait()


def main_greenlet():
    thread = threading.Thread(target=many, args=(rests,), name="second", daemon=True)
    thread.start()
    many(rests)


# ---- gevent ----

def worker(event):
    inner(event)


def inner(event):
    event.wait()


def main_gevent():
    import gevent.event
    import gevent.queue
    event, queue = gevent.event.Event(), gevent.queue.Queue()
    KEPT.extend([gevent.spawn(worker, event) for _ in range(3)])
    KEPT.extend([gevent.spawn(gevent.sleep, 9999), gevent.spawn(queue.get)])
    RESTING.extend(["main", "no second one"])
    gevent.joinall(KEPT)


# ---- its own account ----

def is_greenlet(found):
    return isinstance(found, greenlet.greenlet)


def collect():
    if len(RESTING) < 2:
        return None
    rows = []
    for found in filter(is_greenlet, gc.get_objects()):
        # Only of one that is switched out is there a frame to be had.
        frame = found.gr_frame
        if frame is None or is_running(frame):
            continue
        frames = truth.stack(frame)[::-1]
        rows.append({"name": f"{type(found).__name__} {frames[0][0]}", "frames": frames, "object": id(found)})
    return sorted(rows, key=lambda row: (row["name"], row["frames"]))


def is_running(frame):
    """Whether a frame is on the stack of a thread just now."""
    for top in sys._current_frames().values():
        while top is not None:
            if top is frame:
                return True
            top = top.f_back
    return False


if __name__ == "__main__":
    truth.settled(sys.argv[1], collect)
    {"greenlet": main_greenlet, "gevent": main_gevent}[sys.argv[2]]()
