"""A client in the main thread, its server in threads of the same process, and one lock.

The handler's thread wants the lock that the client holds while it waits for the answer. The thread
that accepts connections is at rest, and nobody's fault.
"""
import os
import socketserver
import socket
import threading

import hang

hang.init()
lock = threading.Lock()


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.recv(100)
        with lock:
            self.request.sendall(b"answer")


server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 1000}, daemon=True).start()


def ask(client):
    client.sendall(b"question")
    hang.ready(hang.deserves("DEADLOCK", "inferred", "unknown", [{"pid": os.getpid()}],
                             ["IDLE", "LOST_PEER", "UNKNOWN"]),
               [hang.parked("recvfrom")])
    client.recv(100)


with lock:
    ask(socket.create_connection(server.server_address))
