"""The serving is done by a thread; the main thread only waits to be told to stop."""
import socketserver
import sys
import threading


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        pass


server = socketserver.ThreadingUnixStreamServer(sys.argv[1], Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
threading.Event().wait()
