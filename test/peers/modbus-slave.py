"""A foreign Modbus slave on pymodbus 3, driven from stdin.

    modbus-slave.py tcp PORT UNIT
    modbus-slave.py rtutcp PORT UNIT              RTU frames in a TCP connection
    modbus-slave.py rtu PATH BAUD PARITY UNIT

Prints "ready" when it is about to serve. Lines on stdin, each answered with one line on stdout:
    holding 100 = 42   (also input, coil, discrete)  ->  holding 100 = 42
    holding 100                                      ->  holding 100 = 42
All tables have 10000 addresses, all 0 at first.
"""
import os
import re
import sys
import threading

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.device import ModbusDeviceIdentification
from pymodbus.server import StartSerialServer, StartTcpServer
from pymodbus.transaction import ModbusRtuFramer, ModbusSocketFramer

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
if kind == "rtu":
    StartSerialServer(
        context=context, identity=identity, port=place, baudrate=int(sys.argv[3]), parity=sys.argv[4], framer=ModbusRtuFramer
    )
else:
    framer = ModbusRtuFramer if kind == "rtutcp" else ModbusSocketFramer
    StartTcpServer(context=context, identity=identity, address=("127.0.0.1", int(place)), framer=framer, allow_reuse_address=True)
