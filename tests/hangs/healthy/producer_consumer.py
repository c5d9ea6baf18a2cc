"""Producer and consumer with a bounded queue between; the producer waits for a datagram."""
import queue
import socket
import sys
import threading

jobs = queue.Queue(4)
inbox = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
inbox.bind(sys.argv[1])


def produce():
    while True:
        jobs.put(inbox.recv(100))


def consume():
    while True:
        jobs.get()


threads = [threading.Thread(target=f, daemon=True) for f in (produce, consume, consume)]
for t in threads:
    t.start()
for t in threads:
    t.join()
