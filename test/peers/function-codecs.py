"""What the ready functions are held against: one JSON request per line of stdin, one JSON answer per line of stdout.

{"cbor": "hex"} decodes with cbor2; {"json": "text"} encodes with it; {"sparkplug": {...}} is a Sparkplug B payload as hex, by
Google's protobuf and the descriptor below (Sparkplug 3.0, section 6.4); {"hmac": [key, text]} is HMAC-SHA-256;
{"registers": [unit, [...]]} is an answer to function code 3, framed by pymodbus.
"""
import hashlib
import hmac
import json
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

KINDS = {"string": 9, "uint64": 4, "uint32": 13, "bool": 8, "float": 2, "double": 1, "bytes": 12}
METRIC = [
    ("name", 1, "string"), ("alias", 2, "uint64"), ("timestamp", 3, "uint64"), ("datatype", 4, "uint32"),
    ("is_historical", 5, "bool"), ("is_transient", 6, "bool"), ("is_null", 7, "bool"), ("int_value", 10, "uint32"),
    ("long_value", 11, "uint64"), ("float_value", 12, "float"), ("double_value", 13, "double"),
    ("boolean_value", 14, "bool"), ("string_value", 15, "string"), ("bytes_value", 16, "bytes"),
    ("template_value", 18, "bytes"),
]
PAYLOAD = [("timestamp", 1, "uint64"), ("metrics", 2, ".sp.Metric"), ("seq", 3, "uint64"), ("uuid", 4, "string"), ("body", 5, "bytes")]


def payload_class():
    file = descriptor_pb2.FileDescriptorProto(name="sp.proto", package="sp", syntax="proto2")
    for title, fields in (("Metric", METRIC), ("Payload", PAYLOAD)):
        message = file.message_type.add(name=title)
        for name, number, kind in fields:
            is_list = kind.startswith(".")
            field = message.field.add(name=name, number=number, label=3 if is_list else 1, type=11 if is_list else KINDS[kind])
            if is_list:
                field.type_name = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName("sp.Payload"))


def sparkplug(of, value):
    message = of()
    for name, one in value.items():
        if name == "metrics":
            for metric in one:
                added = message.metrics.add()
                for key, item in metric.items():
                    setattr(added, key, bytes.fromhex(item) if key in ("bytes_value", "template_value") else item)
        else:
            setattr(message, name, bytes.fromhex(one) if name == "body" else one)
    return message.SerializeToString().hex()


def answer(request, of):
    if "cbor" in request:
        import cbor2
        return cbor2.loads(bytes.fromhex(request["cbor"]))
    if "json" in request:
        import cbor2
        return cbor2.dumps(json.loads(request["json"]), canonical=request.get("canonical", False)).hex()
    if "sparkplug" in request:
        return sparkplug(of, request["sparkplug"])
    if "hmac" in request:
        key, text = request["hmac"]
        return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
    from pymodbus.framer.rtu_framer import ModbusRtuFramer
    from pymodbus.register_read_message import ReadHoldingRegistersResponse
    unit, registers = request["registers"]
    response = ReadHoldingRegistersResponse(registers)
    response.unit_id = response.slave_id = unit
    return ModbusRtuFramer(None).buildPacket(response).hex()


payload = payload_class()
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line), payload)), flush=True)
