"""Ten foreign Modbus RTU slaves on one serial line, one of them dead, one late, one that sends garbage.

    modbus-bus.py PATH TIMEOUT_MS SEED BAD

PATH is the far end of a pseudo terminal. TIMEOUT_MS is the master's: the late unit answers after 1.05 to 1.95 of it.
Units 1 to 7 answer; with BAD=1 unit 8 never does, unit 9 answers late (now and then in time), unit 10 sends garbage, and
another master's broadcasts (unit 0) come between the frames.

Each value of four registers says whose it is and when it was asked for:
    unit << 8 | block,  ms >> 16,  ms,  check          block = address / 4, ms = Unix time in ms modulo 2^32
Writes (function 6, 16) are confirmed and counted. Prints "ready", then a line of figures for each line on stdin.
"""
import os
import random
import select
import sys
import time
import tty

path, timeout, seed, bad = sys.argv[1], int(sys.argv[2]) / 1000, int(sys.argv[3]), sys.argv[4] == "1"
rng = random.Random(seed)
fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
tty.setraw(fd)

TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = (byte >> 1) ^ 0xA001 if byte & 1 else byte >> 1
    TABLE.append(byte)


def crc(frame):
    value = 0xFFFF
    for byte in frame:
        value = TABLE[(value ^ byte) & 0xFF] ^ (value >> 8)
    return bytes([value & 0xFF, value >> 8])


def framed(body):
    return bytes(body) + crc(body)


def check(unit, block, ms):
    return (unit * 40503 + block * 9973 + ms * 31 + (ms >> 16) * 17) & 0xFFFF


def registers(unit, start, count):
    ms = int(time.time() * 1000) & 0xFFFFFFFF
    out = bytearray()
    for address in range(start, start + count):
        block = address // 4
        value = (unit << 8 | block & 0xFF, ms >> 16, ms & 0xFFFF, check(unit, block, ms))[address % 4]
        out += bytes([value >> 8, value & 0xFF])
    return out


def answer(request):
    unit, function = request[0], request[1]
    if function in (3, 4):
        data = registers(unit, request[2] << 8 | request[3], request[4] << 8 | request[5])
        return framed(bytes([unit, function, len(data)]) + data)
    if function in (5, 6):
        return request
    if function == 16:
        return framed(request[:6])
    return framed(bytes([unit, function | 0x80, 1]))


def garbage(request):
    right = bytearray(answer(request))
    kind = rng.randrange(6)
    if kind == 0:
        return bytes(rng.randrange(256) for _ in range(rng.randrange(1, 60)))
    if kind == 1:
        return bytes(right[: rng.randrange(1, len(right))])
    if kind == 2:
        right[rng.randrange(2, len(right))] ^= 1 << rng.randrange(8)
        return bytes(right)
    if kind == 3:  # another unit's frame, right in itself
        return framed(bytes([rng.randrange(1, 8)]) + bytes(right[1:-2]))
    if kind == 4:  # right in itself, but half as long
        half = bytes(right[3 : 3 + (len(right) - 5) // 2])
        return framed(bytes([request[0], request[1], len(half)]) + half)
    return bytes(right[::-1])


def broadcast():
    if rng.randrange(2):
        return framed(bytes([0, 6, 0, rng.randrange(256), rng.randrange(256), rng.randrange(256)]))
    return framed(bytes([0, 16, 0, 100, 0, 2, 4]) + bytes(rng.randrange(256) for _ in range(4)))


figures = {"asked": 0, "answered": 0, "late": 0, "garbage": 0, "dead": 0, "broadcasts": 0, "writes": 0, "unreadable": 0}
pending = []  # (due, bytes)
received = b""
received_at = 0.0
os.set_blocking(sys.stdin.fileno(), False)
print("ready", flush=True)


def serve(request):
    unit = request[0]
    figures["asked"] += 1
    if request[1] in (5, 6, 16):
        figures["writes"] += 1
    if bad and rng.random() < 0.02:
        figures["broadcasts"] += 1
        # Before the answer, in one piece with it, or after it.
        frame, where = broadcast(), rng.randrange(3)
        if where == 0:
            os.write(fd, frame)
            time.sleep(0.002)
        elif where == 1 and 1 <= unit <= 7:
            figures["answered"] += 1
            os.write(fd, frame + answer(request))
            return
        else:
            pending.append((time.monotonic() + 0.001 * rng.randrange(1, 12), frame))
    if 1 <= unit <= 7:
        figures["answered"] += 1
        os.write(fd, answer(request))
    elif not bad or unit == 8 or unit > 10:
        figures["dead"] += 1
    elif unit == 9:
        figures["late"] += 1
        in_time = rng.random() < 0.2
        delay = timeout * (rng.uniform(0.05, 0.5) if in_time else rng.uniform(1.05, 1.95))
        pending.append((time.monotonic() + delay, answer(request)))
    elif unit == 10:
        figures["garbage"] += 1
        os.write(fd, garbage(request))


def length(frame):
    if len(frame) < 8:
        return None
    return 9 + frame[6] if frame[1] in (15, 16) else 8


while True:
    now = time.monotonic()
    wait = max(0, min([due - now for due, _ in pending], default=1))
    ready, _, _ = select.select([fd, sys.stdin], [], [], wait)
    now = time.monotonic()
    for entry in [entry for entry in pending if entry[0] <= now]:
        pending.remove(entry)
        os.write(fd, entry[1])
    if fd in ready:
        try:
            chunk = os.read(fd, 4096)
        except OSError:
            break
        if not chunk:
            break
        if now - received_at > 0.05:
            received = b""
        received, received_at = received + chunk, now
        while True:
            size = length(received)
            if size is None or len(received) < size:
                break
            frame, received = received[:size], received[size:]
            if crc(frame[:-2]) == frame[-2:]:
                serve(frame)
            else:
                figures["unreadable"] += 1
                received = b""
    if sys.stdin in ready:
        line = sys.stdin.readline()
        if line == "":
            break
        print(" ".join(f"{name}={value}" for name, value in figures.items()), flush=True)
