"""Asks a Modbus TCP server what it is, with pymodbus: modbus-identify.py PORT UNIT. Prints {"0": "vendor", …}."""
import json
import sys

from pymodbus.client import ModbusTcpClient
from pymodbus.mei_message import ReadDeviceInformationRequest

client = ModbusTcpClient("127.0.0.1", port=int(sys.argv[1]), timeout=3)
client.connect()
found = {}
for code in (1, 2):
    answer = client.execute(ReadDeviceInformationRequest(read_code=code, unit=int(sys.argv[2])))
    if answer.isError():
        sys.exit(f"refused: {answer}")
    found.update({str(key): value.decode() for key, value in answer.information.items()})
client.close()
print(json.dumps(found))
