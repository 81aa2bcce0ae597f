"""Foreign Modbus TCP slaves on pymodbus 3, several units behind one port, each with the registers it was given.

    modbus-units.py PORT

Reads one JSON document from stdin, {"1": {"holding": {"40000": 21365, ...}, "coil": {...}}, ...}, prints "ready" and
serves. Addresses that are not given are answered with exception 2.
"""
import json
import sys

from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext, ModbusSparseDataBlock
from pymodbus.server import StartTcpServer

TABLES = {"discrete": "di", "coil": "co", "holding": "hr", "input": "ir"}


def block(values):
    return ModbusSparseDataBlock({int(address): value for address, value in values.items()} or {65535: 0})


slaves = {
    int(unit): ModbusSlaveContext(
        **{short: block(tables.get(table, {})) for table, short in TABLES.items()}, zero_mode=True
    )
    for unit, tables in json.loads(sys.stdin.readline()).items()
}
print("ready", flush=True)
StartTcpServer(
    context=ModbusServerContext(slaves=slaves, single=False),
    address=("127.0.0.1", int(sys.argv[1])),
    allow_reuse_address=True,
)
