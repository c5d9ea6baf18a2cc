"""Processes that wait on a multiprocessing.Queue; the parent fills it from a socket."""
import multiprocessing
import socket
import sys

context = multiprocessing.get_context("fork")
jobs = context.Queue()


def work():
    while True:
        jobs.get()


workers = [context.Process(target=work, daemon=True) for _ in range(3)]
for w in workers:
    w.start()
inbox = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
inbox.bind(sys.argv[1])
while True:
    jobs.put(inbox.recv(100))
