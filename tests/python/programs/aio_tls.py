"""asyncio's streams over TLS: what a task waits for is behind one protocol more."""

import asyncio
import os
import ssl
import subprocess
import sys
import tempfile

import truth

SAID = {}
KEPT = []


def contexts():
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "certificate.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2",
                        "-keyout", key, "-out", certificate], check=True, capture_output=True)
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(certificate, key)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    return server, client


def start(name, reader, writer):
    SAID[name] = writer.get_extra_info("socket").fileno()
    KEPT.append((asyncio.get_running_loop().create_task(reader.readline(), name=name), writer))


async def main():
    """Both ends of a connection read."""
    asyncio.current_task().set_name("main")
    server_context, client_context = contexts()
    accepted = asyncio.Queue()
    server = await asyncio.start_server(lambda *streams: accepted.put_nowait(streams), "127.0.0.1", 0, ssl=server_context)
    client = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1], ssl=client_context)
    start("client", *client)
    start("server", *await accepted.get())
    SAID["main"] = None
    KEPT.append(server)
    await asyncio.sleep(1e6)


if __name__ == "__main__":
    truth.settled(sys.argv[1], lambda: SAID if "main" in SAID else None)
    asyncio.run(main())
