"""Makes registers.json: values in registers as other programs have them.

    /usr/bin/python3 test/vectors/modbus/make.py > test/vectors/modbus/registers.json

Nothing of hpmq takes part. Sources: pymodbus (BinaryPayloadBuilder), libmodbus (its C functions and macros, compiled
here), mbpoll (what it writes is caught on a TCP port), and Python itself (int.to_bytes, struct, str.encode, datetime)
for types and orders that the three do not have. Needs python3-pymodbus, libmodbus-dev, gcc, pkg-config and mbpoll.
"""
import datetime
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading

import pymodbus
from pymodbus.constants import Endian
from pymodbus.payload import BinaryPayloadBuilder

vectors = []


def add(source, kind, order, data, value, **more):
    if isinstance(value, int) and not isinstance(value, bool) and kind.endswith("int64"):
        value = str(value)
    vectors.append({"source": source, "type": kind, "order": order, "hex": data.hex(), "value": value, **more})


INTS = {
    "int16": [-2, -32768, 32767, 4660],
    "uint16": [65535, 4660],
    "int32": [-305419896, -2147483648, 2147483647],
    "uint32": [4026531841, 4294967295],
    "int64": [-81985529216486895, -9223372036854775808],
    "uint64": [81985529216486895, 18446744073709551615],
}
FLOATS = {"float16": [0.5, -1.5, 65504.0, 2.0**-24], "float32": [123456.0, -0.15625, 2.0**-140], "float64": [3.141592653589793, -1e300]}
ORDERS = {"ABCD": (">", ">"), "CDAB": (">", "<"), "BADC": ("<", ">"), "DCBA": ("<", "<")}


def of_pymodbus():
    source = f"pymodbus {pymodbus.__version__} BinaryPayloadBuilder"
    for order, (byte, word) in ORDERS.items():
        for kind, values in {**INTS, **FLOATS}.items():
            bits = kind.lstrip("uintfloa")
            method = f"add_{bits}bit_{kind[:-2]}"
            if bits == "16" and order != "ABCD":
                continue
            for value in values:
                builder = BinaryPayloadBuilder(byteorder=byte, wordorder=word)
                getattr(builder, method)(value)
                add(source, kind, order, b"".join(builder.build()), value)
    for kind, method, value in (("uint8H", "add_8bit_uint", 0xC8), ("int8H", "add_8bit_int", -56)):
        builder = BinaryPayloadBuilder(byteorder=Endian.Big)
        getattr(builder, method)(value)
        add(source, kind, "ABCD", b"".join(builder.build()).ljust(2, b"\0")[:2], value)
    for text in ("Meter 7", "SDM630-Modbus V2"):
        builder = BinaryPayloadBuilder(byteorder=Endian.Big)
        builder.add_string(text)
        data = b"".join(builder.build())
        add(source, "string", "ABCD", data + b"\0" * (len(data) % 2), text, length=len(text))


C = r"""
#include <inttypes.h>
#include <modbus.h>
#include <stdio.h>
static void out(const char *type, const char *order, const uint16_t *r, int n, const char *value) {
  printf("%s %s ", type, order);
  for (int i = 0; i < n; i++) printf("%04x", r[i]);
  printf(" %s\n", value);
}
int main(void) {
  uint16_t r[4];
  char text[64];
  float floats[] = {123456.0f, -0.15625f, 3.0e38f, 1.5f};
  for (int i = 0; i < 4; i++) {
    snprintf(text, sizeof text, "%.17g", floats[i]);
    modbus_set_float_abcd(floats[i], r), out("float32", "ABCD", r, 2, text);
    modbus_set_float_badc(floats[i], r), out("float32", "BADC", r, 2, text);
    modbus_set_float_cdab(floats[i], r), out("float32", "CDAB", r, 2, text);
    modbus_set_float_dcba(floats[i], r), out("float32", "DCBA", r, 2, text);
  }
  int32_t ints[] = {-305419896, 2147483647};
  for (int i = 0; i < 2; i++) {
    MODBUS_SET_INT32_TO_INT16(r, 0, ints[i]);
    snprintf(text, sizeof text, "%" PRId32, ints[i]);
    out("int32", "ABCD", r, 2, text);
  }
  int64_t longs[] = {-81985529216486895LL, 1311673400061788164LL};
  for (int i = 0; i < 2; i++) {
    MODBUS_SET_INT64_TO_INT16(r, 0, longs[i]);
    snprintf(text, sizeof text, "%" PRId64, longs[i]);
    out("int64", "ABCD", r, 4, text);
  }
  printf("version %s\n", LIBMODBUS_VERSION_STRING);
}
"""


def of_libmodbus():
    with tempfile.TemporaryDirectory() as folder:
        source, program = os.path.join(folder, "v.c"), os.path.join(folder, "v")
        with open(source, "w") as file:
            file.write(C)
        flags = subprocess.check_output(["pkg-config", "--cflags", "--libs", "libmodbus"], text=True).split()
        subprocess.check_call(["gcc", source, *flags, "-o", program])
        lines = subprocess.check_output([program], text=True).splitlines()
    name = f"libmodbus {lines.pop().split()[1]}"
    for line in lines:
        kind, order, data, value = line.split()
        # Its letters are bytes in the memory of the host, where a register has its low byte first: its ABCD is BADC here.
        if kind == "float32" and sys.byteorder == "little":
            order = {"ABCD": "BADC", "BADC": "ABCD", "CDAB": "DCBA", "DCBA": "CDAB"}[order]
        number = float(value) if kind.startswith("float") else int(value)
        add(name, kind, order, bytes.fromhex(data), number)


def caught(arguments):
    """The registers that mbpoll writes with function 16 (or 6)."""
    server = socket.create_server(("127.0.0.1", 0))
    got = []

    def serve():
        client, _ = server.accept()
        frame = client.recv(1024)
        pdu = frame[7:]
        got.append(pdu[6:] if pdu[0] == 16 else pdu[3:5])
        client.sendall(frame[:4] + b"\0\x06" + frame[6:12])
        client.recv(1024)
        client.close()

    thread = threading.Thread(target=serve)
    thread.start()
    port = str(server.getsockname()[1])
    before, values = arguments
    subprocess.run(["mbpoll", "-1", "-0", "-r", "0", "-p", port, *before, "127.0.0.1", *values], capture_output=True)
    thread.join()
    server.close()
    return got[0]


def of_mbpoll():
    version = subprocess.run(["mbpoll", "-V"], capture_output=True, text=True).stdout.split()
    name = "mbpoll " + next((word for word in version if word[0].isdigit()), "")
    for word, order in ((["-B"], "ABCD"), ([], "CDAB")):
        for value in (12.3, -0.15625):
            single = struct.unpack(">f", struct.pack(">f", value))[0]
            add(name, "float32", order, caught((["-t", "4:float", *word], ["--", str(value)])), single)
        for value in (-305419896, 2147483647):
            add(name, "int32", order, caught((["-t", "4:int", *word], ["--", str(value)])), value)
    for value in (4660, 65535):
        add(name, "uint16", "ABCD", caught((["-t", "4"], [str(value)])), value)


def reordered(data, order):
    """The bytes as the order lists them: its first sign says which byte of the value comes first."""
    signs = "ABCDEFGH" if order[0] in "ABCDEFGH" else "12345678"
    return bytes(data[signs.index(sign)] for sign in order)


def of_python():
    name = "Python int.to_bytes"
    for order in ("12345678", "21436587", "87654321", "78563412", "34127856", "56781234"):
        for kind, value in (("int64", -2), ("uint64", 72623859790382856), ("uint64", 18446744073709551614)):
            add(name, kind, order, reordered(value.to_bytes(8, "big", signed=kind == "int64"), order), value)
        add("Python struct", "float64", order, reordered(struct.pack(">d", 3.141592653589793), order), 3.141592653589793)
    for order in ("123456", "214365", "563412", "654321"):
        for kind, value in (("uint48", 1108152157446), ("int48", -2), ("int48", -(2**47)), ("uint48", 2**48 - 1)):
            add(name, kind, order, reordered(value.to_bytes(6, "big", signed=kind == "int48"), order), value)
    for order in ("ABCD", "BADC", "CDAB", "DCBA"):
        for kind, value in (("uint24", 66051), ("uint24", 2**24 - 1), ("int24", -2), ("int24", -(2**23))):
            add(name, kind, order, reordered(value.to_bytes(4, "big", signed=kind == "int24"), order), value)
    for order in ("AB", "BA"):
        add(name, "uint16", order, reordered((4660).to_bytes(2, "big"), order), 4660)
    add(name, "uint8L", "ABCD", (200).to_bytes(2, "big"), 200)
    add(name, "int8L", "ABCD", b"\0" + (-56).to_bytes(1, "big", signed=True), -56)
    for kind, digits, order in (("bcd8", 2, "ABCD"), ("bcd16", 4, "ABCD"), ("bcd24", 6, "CDAB"), ("bcd32", 8, "ABCD"), ("bcd32", 8, "CDAB")):
        value = int("98765432"[:digits])
        data = bytes.fromhex(str(value).rjust(4 if digits <= 4 else 8, "0"))
        add("Python bytes.fromhex", kind, order, data if len(data) == 2 else reordered(data, order), value)
    for encoding, codec, text in (("utf8", "utf-8", "Kühlhaus"), ("latin1", "latin-1", "Kühlhaus"), ("utf16", "utf-16-be", "Kühlhaus"), ("ascii", "ascii", "Pumpe 3")):
        data = text.encode(codec).ljust(20, b"\0")
        add("Python str.encode", "string", "ABCD", data, text, length=20, encoding=encoding)
        swapped = b"".join(data[i + 1 : i + 2] + data[i : i + 1] for i in range(0, 20, 2))
        add("Python str.encode", "string", "ABCD", swapped, text, length=20, encoding=encoding, packing="low-first")
    wide = "Pumpe".encode("utf-16-be")
    add("Python str.encode (utf-16-be)", "string", "ABCD", wide, "Pumpe", length=5, packing="low-byte")
    add("Python str.encode (utf-16-le)", "string", "ABCD", "Pumpe".encode("utf-16-le"), "Pumpe", length=5, packing="high-byte")
    when = datetime.datetime(2026, 11, 26, 9, 8, 7, 125000, datetime.timezone.utc)
    seconds, ms = int(when.timestamp()), round(when.timestamp() * 1000)
    text = "2026-11-26T09:08:07"
    for order in ("ABCD", "CDAB"):
        add("Python datetime.timestamp", "unix32", order, reordered(seconds.to_bytes(4, "big"), order), text + "Z")
    add("Python datetime.timestamp", "unix64", "ABCD", seconds.to_bytes(8, "big"), text + "Z")
    add("Python datetime.timestamp", "unixMs64", "78563412", reordered(ms.to_bytes(8, "big"), "78563412"), text + ".125Z")
    fields = when.timetuple()
    add("Python struct", "ymdhms6", "ABCD", struct.pack(">6H", *fields[:6]), text)
    add("Python struct", "ymdhms3", "ABCD", struct.pack(">6B", fields[0] - 2000, *fields[1:6]), text)
    add("Python strftime", "ymdhmsBcd3", "ABCD", bytes.fromhex(when.strftime("%y%m%d%H%M%S")), text)
    weekday = when.isoweekday() % 7 + 1
    words = (when.year - 2000, when.month << 8 | weekday << 5 | when.day, when.hour << 8 | when.minute, 7125)
    add("Python struct, layout of Schneider's DATETIME table", "ti081", "ABCD", struct.pack(">4H", *words), text + ".125")


of_pymodbus()
of_libmodbus()
of_mbpoll()
of_python()
print("[\n" + ",\n".join(json.dumps(vector, ensure_ascii=False) for vector in vectors) + "\n]")
