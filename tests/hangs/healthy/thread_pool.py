"""A server with a pool of idle threads: the main thread accepts, the workers wait for jobs."""
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
with ThreadPoolExecutor(4) as pool:
    list(pool.map(str, range(16)))
    while True:
        pool.submit(listener.accept()[0].close)
