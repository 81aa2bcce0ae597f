"""A foreign Modbus slave on pymodbus 3, driven from stdin.

    modbus-slave.py tcp PORT UNIT
    modbus-slave.py rtutcp PORT UNIT              RTU frames in a TCP connection
    modbus-slave.py asciitcp PORT UNIT            ASCII frames in a TCP connection
    modbus-slave.py udp PORT UNIT
    modbus-slave.py tls PORT CERT KEY CA UNIT     clients must show a certificate of the CA
    modbus-slave.py rtu PATH BAUD PARITY UNIT
    modbus-slave.py ascii PATH BAUD PARITY UNIT

Prints "ready" when it is about to serve. Lines on stdin, each answered with one line on stdout:
    holding 100 = 42   (also input, coil, discrete)  ->  holding 100 = 42
    holding 100                                      ->  holding 100 = 42
All tables have 10000 addresses, all 0 at first.
"""
import os
import re
import ssl
import sys
import threading

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.device import ModbusDeviceIdentification
from pymodbus.server import StartSerialServer, StartTcpServer, StartTlsServer, StartUdpServer
from pymodbus.transaction import ModbusAsciiFramer, ModbusRtuFramer, ModbusSocketFramer

SIZE = 10000
FUNCTION = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}

kind, place, unit = sys.argv[1], sys.argv[2], int(sys.argv[-1])
slave = ModbusSlaveContext(
    **{table: ModbusSequentialDataBlock(0, [0] * SIZE) for table in ("di", "co", "hr", "ir")}, zero_mode=True
)
context = ModbusServerContext(slaves={unit: slave}, single=False)


def commands():
    for line in sys.stdin:
        match = re.fullmatch(r"(coil|discrete|holding|input) (\d+)(?: = (\d+))?\s*", line)
        if match is None:
            print("?", line.strip(), flush=True)
            continue
        table, address, value = match[1], int(match[2]), match[3]
        if value is not None:
            slave.setValues(FUNCTION[table], address, [int(value)])
        print(f"{table} {address} = {int(slave.getValues(FUNCTION[table], address, 1)[0])}", flush=True)
    os._exit(0)


identity = ModbusDeviceIdentification(
    info_name={
        "VendorName": "ACME",
        "ProductCode": "B-7",
        "MajorMinorRevision": "1.4.2",
        "VendorUrl": "",
        "ProductName": "Meter",
        "ModelName": "B",
    }
)

threading.Thread(target=commands, daemon=True).start()
print("ready", flush=True)
framers = {"rtu": ModbusRtuFramer, "ascii": ModbusAsciiFramer}
framer = next((one for name, one in framers.items() if kind.startswith(name)), ModbusSocketFramer)
if kind in ("rtu", "ascii"):
    StartSerialServer(context=context, identity=identity, port=place, baudrate=int(sys.argv[3]), parity=sys.argv[4], framer=framer)
else:
    common = {"context": context, "identity": identity, "address": ("127.0.0.1", int(place)), "framer": framer}
    if kind == "udp":
        StartUdpServer(**common)
    elif kind == "tls":
        secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secure.load_cert_chain(sys.argv[3], sys.argv[4])
        secure.load_verify_locations(sys.argv[5])
        secure.verify_mode = ssl.CERT_REQUIRED
        StartTlsServer(**common, sslctx=secure, allow_reuse_address=True)
    else:
        StartTcpServer(**common, allow_reuse_address=True)
