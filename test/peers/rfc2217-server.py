"""A foreign serial line over Telnet (RFC 2217): pyserial's server on its loopback port, which says back what it gets.

    rfc2217-server.py PORT

Prints "ready", then for each connection that ends "line BAUD BITS PARITY STOP rts=0|1 dtr=0|1": how it was set then.
"""
import socket
import sys
import threading

import serial
import serial.rfc2217

line = serial.serial_for_url("loop://", timeout=0.05)
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen(4)
print("ready", flush=True)


class Connection:
    def __init__(self, peer):
        self.peer = peer
        self.open = True
        self.manager = serial.rfc2217.PortManager(line, self)
        self.thread = threading.Thread(target=self.outwards, daemon=True)
        self.thread.start()

    def write(self, data):
        self.peer.sendall(data)

    def outwards(self):
        try:
            while self.open:
                data = line.read(line.in_waiting or 1)
                if data:
                    self.peer.sendall(b"".join(self.manager.escape(data)))
        except OSError:
            pass

    def serve(self):
        try:
            while data := self.peer.recv(1024):
                line.write(b"".join(self.manager.filter(data)))
        except OSError:
            pass
        self.open = False
        # It must not take what the next connection sends.
        self.thread.join()
        line.reset_input_buffer()
        self.peer.close()
        print(
            f"line {line.baudrate} {line.bytesize} {line.parity} {line.stopbits}"
            f" rts={int(line.rts)} dtr={int(line.dtr)}",
            flush=True,
        )


while True:
    peer, _ = server.accept()
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    Connection(peer).serve()
