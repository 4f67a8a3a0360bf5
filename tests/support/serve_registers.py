"""Serves captured registers with pymodbus on loopback: an independent Modbus implementation.

usage: serve_registers.py CAPTURE.toml [rtu]   -- prints the port, then serves until it is killed
"""

import asyncio
import logging
import socket
import sys
import tomllib

from pymodbus import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


# It logs a traceback for each unit that it does not have, and a scan asks for all of them.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)


async def main() -> None:
    with open(sys.argv[1], "rb") as file:
        capture = tomllib.load(file)
    blocks = [
        SimData(block["start"], values=[int(w, 16) for w in block["words"].split()], datatype=DataType.REGISTERS)
        for block in capture["block"]
    ]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    device = SimDevice(id=capture["unit"], simdata=blocks)
    # RTU frames over TCP, as a transparent serial server passes them on.
    framer = FramerType.RTU if sys.argv[2:] == ["rtu"] else FramerType.SOCKET
    server = ModbusTcpServer([device], framer=framer, address=("127.0.0.1", port))
    serving = asyncio.create_task(server.serve_forever())
    await asyncio.sleep(0.2)
    print(port, flush=True)
    await serving


asyncio.run(main())
