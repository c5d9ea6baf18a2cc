"""A multiprocessing pool at rest: workers wait for jobs, one of them with the lock of the queue."""
import multiprocessing
import socket
import sys

listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
with multiprocessing.get_context("fork").Pool(3) as pool:
    pool.map(str, range(16))
    listener.listen()
    while True:
        pool.apply(len, [listener.accept()[0].recv(1)])
