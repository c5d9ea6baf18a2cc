"""Runs inside gdb: prints the physical frames of every thread of the process that gdb is attached to.

One line per frame: thread id, index, pc, name. Inlined frames and tail-call frames are left out: they have no
return address on the stack, so an unwinder does not see them.
"""

import gdb

MAX_FRAMES = 250

gdb.execute("set pagination off")
gdb.execute("set backtrace past-main on")
gdb.execute("set backtrace past-entry on")
for thread in gdb.selected_inferior().threads():
    thread.switch()
    frame = gdb.newest_frame()
    index = 0
    while frame is not None and index < MAX_FRAMES:
        if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
            print("FRAME %d %d %#x %s" % (thread.ptid[1], index, frame.pc(), frame.name()))
            index += 1
        try:
            frame = frame.older()
        except gdb.error as e:
            print("STOPPED-AT %d %s" % (thread.ptid[1], e))
            frame = None
