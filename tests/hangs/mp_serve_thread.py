"""A question to a child over multiprocessing's Pipe, which a thread of the child will never answer.

The child's main thread accepts connections and is at rest. A Connection knows its descriptor by
number only; the thread that has it in a variable waits for an Event of its own.
"""
import multiprocessing
import os
import socket
import threading

import hang

hang.init()
ours, theirs = multiprocessing.Pipe()


def serve(connection):
    connection.recv()
    done = threading.Event()
    done.wait()
    connection.send("answer")


child = hang.fork()
if child == 0:
    ours.close()
    threading.Thread(target=serve, args=(theirs,)).start()
    socket.create_server(("127.0.0.1", 0)).accept()
    os._exit(0)
theirs.close()
ours.send("question")
hang.ready(hang.deserves("LOST_PEER", "inferred", "unknown", [{"pid": child}],
                         ["IDLE", "DEADLOCK", "UNKNOWN"]),
           [hang.parked("read"), hang.parked("accept4", child)])
ours.recv()
