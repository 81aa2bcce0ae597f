"""A weighing scale on a serial line, by pyserial: sends its weight by itself, and knows three commands.

    serial-scale.py PATH [BAUD]

Sends "ST,GS,+  1.234kg\\r\\n" ten times a second ("US" while the weight moves). "T\\r\\n" tares (answer "T OK"), "P12.50\\r\\n"
sets the preset weight (answer "P OK", or "P NO" above 100), "Q\\r\\n" is answered with the weight. What is typed on
stdin: "weight 2.5", "noise", "quiet", "talk", "line TEXT". Prints "ready", and "got TEXT" for every command.
"""
import os
import sys
import threading
import time

import serial

line = serial.Serial(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 9600, timeout=0.05)
state = {"weight": 1.234, "tare": 0.0, "talks": True, "moved": 0.0}
lock = threading.Lock()


def send(text):
    with lock:
        line.write(text if isinstance(text, bytes) else text.encode("latin1"))


def weight():
    net = state["weight"] - state["tare"]
    stable = "ST" if time.monotonic() - state["moved"] > 0.3 else "US"
    return "%s,GS,%s%7.3fkg\r\n" % (stable, "-" if net < 0 else "+", abs(net))


def talk():
    while True:
        if state["talks"]:
            send(weight())
        time.sleep(0.1)


def console():
    for text in sys.stdin:
        word, _, rest = text.strip().partition(" ")
        if word == "weight":
            state["weight"], state["moved"] = float(rest), time.monotonic()
        elif word == "noise":
            send(os.urandom(200))
        elif word == "quiet":
            state["talks"] = False
        elif word == "talk":
            state["talks"] = True
        elif word == "line":
            send(rest + "\r\n")


threading.Thread(target=talk, daemon=True).start()
threading.Thread(target=console, daemon=True).start()
print("ready", flush=True)
received = b""
while True:
    try:
        received += line.read(64)
    except serial.SerialException:
        sys.exit(0)
    while b"\r\n" in received:
        command, _, received = received.partition(b"\r\n")
        command = command.decode("latin1")
        print("got " + command, flush=True)
        if command == "T":
            state["tare"] = state["weight"]
            send("T OK\r\n")
        elif command == "Q":
            send(weight())
        elif command.startswith("P"):
            send("P OK\r\n" if float(command[1:]) <= 100 else "P NO\r\n")
