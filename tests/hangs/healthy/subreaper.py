"""A small init: a subreaper that adopts a server whose starter has exited, and waits for children."""
import ctypes
import os
import socket
import sys

ctypes.CDLL(None).prctl(36, 1)
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
pid = os.fork()
if pid == 0:
    if os.fork() == 0:
        while True:
            listener.accept()[0].close()
    os._exit(0)
os.waitpid(pid, 0)
os.wait()
