"""What systemd does with sd_notify(3): prints the fields that come to a datagram socket, and closes the descriptors of BARRIER=1."""
import socket
import sys

listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
while True:
    # Without room for them the kernel closes descriptors that were passed.
    print(listener.recv(65536).decode(), flush=True)
