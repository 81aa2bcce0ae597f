"""Encodes the two frames of a Modbus read with pymodbus, for recordings of profiles.

    modbus-frames.py FRAMING UNIT FUNCTION START TYPE=VALUE...

FRAMING is tcp or rtu; FUNCTION 1 to 4; TYPE one of u16 i16 u32 i32 u64 i64 f32 f64, with `l` behind it for the low
word first (i32l), or s20 for a text of 20 characters, x for a register in hex, b for a bit. Prints the request and the
response in hex.
"""
import sys

from pymodbus.bit_read_message import ReadCoilsRequest, ReadCoilsResponse
from pymodbus.bit_read_message import ReadDiscreteInputsRequest, ReadDiscreteInputsResponse
from pymodbus.constants import Endian
from pymodbus.payload import BinaryPayloadBuilder
from pymodbus.register_read_message import ReadHoldingRegistersRequest, ReadHoldingRegistersResponse
from pymodbus.register_read_message import ReadInputRegistersRequest, ReadInputRegistersResponse
from pymodbus.transaction import ModbusRtuFramer, ModbusSocketFramer

MESSAGES = {
    1: (ReadCoilsRequest, ReadCoilsResponse),
    2: (ReadDiscreteInputsRequest, ReadDiscreteInputsResponse),
    3: (ReadHoldingRegistersRequest, ReadHoldingRegistersResponse),
    4: (ReadInputRegistersRequest, ReadInputRegistersResponse),
}
NAMES = {"u": "uint", "i": "int", "f": "float"}

framing, unit, function, start = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4], 0)
registers, bits = [], []
for field in sys.argv[5:]:
    kind, value = field.split("=", 1)
    if kind == "b":
        bits.append(value == "1")
        continue
    if kind == "x":
        registers.append(int(value, 16))
        continue
    little = kind.endswith("l")
    builder = BinaryPayloadBuilder(byteorder=Endian.Big, wordorder=Endian.Little if little else Endian.Big)
    if kind.startswith("s"):
        builder.add_string(value.ljust(int(kind[1:]), "\0"))
    else:
        size = kind[1:].rstrip("l")
        getattr(builder, f"add_{size}bit_{NAMES[kind[0]]}")(float(value) if kind[0] == "f" else int(value))
    registers.extend(builder.to_registers())

request_type, response_type = MESSAGES[function]
request = request_type(start, len(bits) if function < 3 else len(registers))
response = response_type(bits if function < 3 else registers)
for message in (request, response):
    message.unit_id = unit
    message.transaction_id = 1
    framer = (ModbusSocketFramer if framing == "tcp" else ModbusRtuFramer)(None, None)
    print(framer.buildPacket(message).hex(" "))
