"""A client, and a server in its child whose handler waits for an Event that nobody else has.

The server goes on accepting connections, so its process is at rest by all its other threads. But
the client waits for this handler, and that waits for nobody. Whether somebody else was given the
connection cannot be seen: inferred.
"""
import os
import socket
import socketserver
import threading

import hang

hang.init()


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.recv(100)
        done = threading.Event()
        done.wait()
        self.request.sendall(b"answer")


server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
child = hang.fork()
if child == 0:
    server.serve_forever(poll_interval=1000)
    os._exit(0)
server.server_close()
client = socket.create_connection(server.server_address)
client.sendall(b"question")
hang.ready(hang.deserves("LOST_PEER", "inferred", "unknown", [{"pid": child}],
                         ["IDLE", "DEADLOCK", "UNKNOWN"]),
           [hang.parked("recvfrom"), hang.parked("poll", child)])
client.recv(100)
