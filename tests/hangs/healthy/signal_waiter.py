"""A supervisor that sleeps in sigwait() until a child dies or somebody tells it to end."""
import os
import signal
import socket
import sys

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP])
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
if os.fork() == 0:
    listener.accept()
signal.sigwait([signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP])
