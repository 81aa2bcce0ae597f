"""An electricity meter with IEC 62056-21 mode C on a serial line, by pyserial.

    serial-meter.py PATH [PASSWORD]

Waits for "/?!" (or "/?ADDRESS!" with its own) at 300 baud, identifies itself, reads out its data at the baud rate that is
acknowledged, and takes W1 in programming mode with the password. Prints "ready", "baud RATE" at every change, and
"wrote CODE VALUE". On stdin: "energy 123.4", "break bcc" (the next readout has a wrong check character).
"""
import sys
import threading
import time

import serial

RATES = {"0": 300, "1": 600, "2": 1200, "3": 2400, "4": 4800, "5": 9600, "6": 19200}
password = sys.argv[2] if len(sys.argv) > 2 else "12345678"
# A pseudo-terminal has no 7 data bits.
line = serial.Serial(sys.argv[1], 300, timeout=1.5)
state = {"energy": 671.578, "time": "120530", "broken": 0}


def bcc(data):
    value = 0
    for byte in data:
        value ^= byte
    return bytes([value])


def console():
    for text in sys.stdin:
        word, _, rest = text.strip().partition(" ")
        if word == "energy":
            state["energy"] = float(rest)
        elif word == "break":
            state["broken"] = 1


def rate(value):
    line.flush()
    time.sleep(0.05)
    line.baudrate = value
    print("baud %d" % value, flush=True)


def readout():
    lines = [
        "0.0.0(30012345)",
        "0.9.1(%s)" % state["time"],
        "1.8.0(%010.3f*kWh)" % state["energy"],
        "2.8.0(000012.500*kWh)",
        "32.7(230.4*V)31.7(00.51*A)",
        "F.F(00000000)",
    ]
    body = ("\r\n".join(lines) + "\r\n!\r\n\x03").encode("latin1")
    check = bcc(body)
    if state["broken"]:
        state["broken"] = 0
        check = bytes([check[0] ^ 1])
    return b"\x02" + body + check


def message():
    """SOH command STX data ETX BCC; None after silence."""
    data = line.read_until(b"\x03")
    check = line.read(1)
    if not data.startswith(b"\x01") or check != bcc(data[1:]):
        return None
    command, _, rest = data[1:-1].partition(b"\x02")
    return command.decode("latin1"), rest.decode("latin1")


def command(name, data):
    body = name.encode("latin1") + b"\x02" + data.encode("latin1") + b"\x03"
    line.write(b"\x01" + body + bcc(body))


def programming():
    command("P0", "(00000000)")
    known = False
    while True:
        got = message()
        if got is None:
            return
        name, data = got
        if name == "B0":
            return
        if name == "P1":
            known = data == "(%s)" % password
            if not known:
                command("B0", "")
                return
            line.write(b"\x06")
        elif name == "W1" and known:
            code, _, value = data.partition("(")
            value = value.rstrip(")")
            if code == "0.9.1" and value.isdigit() and int(value) < 240000:
                state["time"] = value
                print("wrote %s %s" % (code, value), flush=True)
                line.write(b"\x06")
            else:
                line.write(b"\x15")


threading.Thread(target=console, daemon=True).start()
print("ready", flush=True)
while True:
    try:
        request = line.read_until(b"\n")
        if b"/?" not in request:
            continue
        address = request[request.index(b"/?") + 2:].split(b"!")[0]
        if address not in (b"", b"30012345"):
            continue
        time.sleep(0.05)
        line.write(b"/HPM5METER-1\r\n")
        select = line.read_until(b"\n")
        if len(select) < 6 or select[:2] != b"\x060":
            continue
        rate(RATES[select[2:3].decode()])
        if select[3:4] == b"1":
            programming()
        else:
            line.write(readout())
            line.timeout = 0.6
            if line.read(1) == b"\x15":
                line.write(readout())
            line.timeout = 1.5
        rate(300)
    except serial.SerialException:
        sys.exit(0)
