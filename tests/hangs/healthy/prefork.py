"""A prefork server: the children accept, the parent waits for one of them to die."""
import os
import socket
import sys

listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
for _ in range(4):
    if os.fork() == 0:
        while True:
            listener.accept()[0].close()
os.wait()
