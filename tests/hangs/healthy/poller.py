"""A server that looks for work a hundred times a second: always the same stack, never a byte."""
import select
import socket
import sys

listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
while True:
    if select.select([listener], [], [], 0.01)[0]:
        listener.accept()[0].close()
