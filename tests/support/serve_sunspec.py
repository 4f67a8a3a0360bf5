"""Serves SunSpec devices that pysunspec2 makes, over pymodbus on loopback, and says what pysunspec2
itself reads from them: an implementation of the standard that is not ours.

usage: serve_sunspec.py BASE SEED MODEL[:short|:long|:xREPEATS] ...
prints one line of JSON, then serves until it is killed:
    {"port": …, "unit": 1, "registers": [[address, words], …],
     "models": [{"model": 103, "address": 40070, "length": 50, "points": {…}, "groups": […]}]}

Points hold pysunspec2's computed value (null where it is not implemented); `groups` are the
instances of the repeating part. All values come from SEED, so a failure can be repeated. A model
number of 64000 and more that pysunspec2 does not know is a vendor's: 30 registers of noise.
`noend` as the last word leaves the end model out.
"""

import asyncio
import json
import logging
import random
import socket
import sys
import threading

import sunspec2.device as device
import sunspec2.mb as mb
import sunspec2.mdef as mdef
import sunspec2.modbus.client as client
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

# It logs a traceback for each unit that it does not have, and a scan asks for all of them.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

UNIT = 1
INTEGERS = {
    "int16": (-0x7FFF, 0x7FFF), "uint16": (0, 0xFFFE), "acc16": (0, 0xFFFF),
    "int32": (-0x7FFFFFFF, 0x7FFFFFFF), "uint32": (0, 0xFFFFFFFE), "acc32": (0, 0xFFFFFFFF),
    "int64": (-(2**62), 2**62), "uint64": (0, 2**62), "acc64": (0, 2**62),
}


def value_of(rng: random.Random, point: dict):
    """A value that the type can hold; one point in six is not implemented."""
    kind = point["type"]
    if kind == mdef.TYPE_PAD:
        return 0x8000 - 0x10000 if False else None
    if kind == mdef.TYPE_SUNSSF:
        return rng.randint(-4, 3)
    if rng.random() < 1 / 6 and kind != mdef.TYPE_STRING:
        return mb.unimpl_value[kind] if kind not in ("float32", "float64") else float("nan")
    symbols = [s["value"] for s in point.get("symbols", [])]
    if kind in INTEGERS:
        least, most = INTEGERS[kind]
        return rng.choice([rng.randint(least, most), rng.randint(0, 5000)])
    if kind in ("enum16", "enum32"):
        return rng.choice(symbols) if symbols else rng.randint(0, 200)
    if kind.startswith("bitfield"):
        bits = symbols or range(15)
        return sum(1 << bit for bit in set(rng.choices(list(bits), k=rng.randint(0, 3))))
    if kind in ("float32", "float64"):
        return round(rng.uniform(-1e5, 1e5), rng.randint(0, 3))
    if kind == mdef.TYPE_STRING:
        return "".join(rng.choices("ABCdef 0123-.", k=rng.randint(0, point["size"] * 2)))
    return 1


def data_of(rng: random.Random, group: dict, outer: dict) -> dict:
    """Values of all points of a group, nested groups included."""
    data = {}
    for point in group["points"]:
        if point["name"] in ("ID", "L") and outer is None:
            continue
        data[point["name"]] = value_of(rng, point)
    counted = {g.get("count") for g in group.get("groups", []) if isinstance(g.get("count"), str)}
    names = {**(outer or {}), **data}
    for inner in group.get("groups", []):
        for nested in inner.get("groups", []):
            counted |= {nested.get("count")} | {g.get("count") for g in nested.get("groups", [])}
    for name in counted:
        if name in data:
            data[name] = 2
            names[name] = 2
    for inner in group.get("groups", []):
        count = inner.get("count", 1)
        if isinstance(count, str):
            count = names[count]
        elif count == 0:
            count = 3
        made = [data_of(rng, inner, names) for _ in range(count)]
        data[inner["name"]] = made if inner.get("count") is not None else made[0]
    return data


def words_of(rng: random.Random, spec: str) -> list[list[int]]:
    """The registers of one argument: a model, perhaps cut, stretched or repeated."""
    number, _, how = spec.partition(":")
    number = int(number)
    out = []
    for _ in range(int(how[1:]) if how.startswith("x") else 1):
        try:
            definition = device.get_model_def(number)
        except Exception:  # noqa: BLE001 -- pysunspec2 raises a bare Exception here
            out.append([number, 30] + [rng.randint(0, 0xFFFF) for _ in range(30)])
            continue
        data = data_of(rng, definition["group"], None)
        model = device.Model(model_id=number, data=data)
        raw = model.get_mb()
        words = [int.from_bytes(raw[i : i + 2], "big") for i in range(0, len(raw), 2)]
        if how == "short":
            words = words[: len(words) - 24]
        if how == "long":
            words += [0x1234] * 5
        words[0], words[1] = number, len(words) - 2
        out.append(words)
    return out


def plain(point) -> object:
    """pysunspec2's computed value, null where the point is not implemented."""
    info, value = point.info, point.value
    if value is None or not info.is_impl(value):
        return None
    if isinstance(value, float) and value != value:
        return None
    return point.cvalue


def shown(group, skip_groups: bool = False) -> dict:
    return {name: plain(point) for name, point in group.points.items()}


def scan(port: int) -> list[dict]:
    unit = client.SunSpecModbusClientDeviceTCP(slave_id=UNIT, ipaddr="127.0.0.1", ipport=port, timeout=5)
    try:
        unit.scan()
    except Exception as error:  # noqa: BLE001 -- a map without an end: keep what it has
        print(error, file=sys.stderr)
    found = []
    for model in unit.model_list:
        groups = []
        for name, inner in model.groups.items():
            groups += [shown(one) for one in inner] if isinstance(inner, list) else []
        points = shown(model)
        found.append({"model": model.model_id, "address": model.model_addr, "length": model.model_len,
                      "points": points, "groups": groups})
    unit.close()
    return found


async def serve(registers: list[tuple[int, list[int]]], listening: threading.Event, port: int) -> None:
    blocks = [SimData(start, values=words, datatype=DataType.REGISTERS) for start, words in registers]
    server = ModbusTcpServer([SimDevice(id=UNIT, simdata=blocks)], address=("127.0.0.1", port))
    serving = asyncio.create_task(server.serve_forever())
    await asyncio.sleep(0.3)
    listening.set()
    await serving


def main() -> None:
    base, seed, *specs = sys.argv[1:]
    rng = random.Random(int(seed))
    end = specs[-1] != "noend"
    words = [0x5375, 0x6E53]
    for spec in specs if end else specs[:-1]:
        for model in words_of(rng, spec):
            words += model
    if end:
        words += [0xFFFF, 0]
    registers = [(int(base), words)]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    listening = threading.Event()
    threading.Thread(target=lambda: asyncio.run(serve(registers, listening, port)), daemon=True).start()
    listening.wait(10)
    print(json.dumps({"port": port, "unit": UNIT, "registers": registers, "models": scan(port)}), flush=True)
    threading.Event().wait()


main()
