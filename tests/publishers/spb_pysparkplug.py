"""A Sparkplug B edge node and its device that PyPI's pysparkplug publishes: another hand than ours
wrote what goes over the wire.

usage: spb_pysparkplug.py PORT          (see phases.py for how it speaks)
phases: ready, update, wrap, ddeath, dback, lost, back, ndeath; and {"phase": "rebirth", "number": n}
whenever it was asked by an NCMD `Node Control/Rebirth` = true and has published its births again

Group hall, edge node edge3, device kiosk6. Names, no aliases. The numbers of `update` are published
one after the other, in a DDATA each; `temp` is null then. `wrap` counts the paper down in so many
DDATA that seq begins again. bdSeq goes up with each connection and the will has the bdSeq of its
NBIRTH. Left as the package has it: the NDEATH of a clean end has the bdSeq of the next connection.
The package has no rebirth of its own: here a new connection answers, so an NDEATH comes first.
"""

import threading
import time

from phases import Cable, go_on, port, say, within
from pysparkplug import Client, DataType, Device, EdgeNode, Metric

REBIRTH = "Node Control/Rebirth"
KINDS = {
    "paper": DataType.UINT32, "door_open": DataType.BOOLEAN, "temp": DataType.FLOAT,
    "state": DataType.STRING, "balance": DataType.INT32,
    "uptime": DataType.UINT64, REBIRTH: DataType.BOOLEAN,
}


def metric(name: str, value) -> Metric:
    return Metric(int(time.time() * 1000), name, KINDS[name], value=value)


def main() -> None:
    values = {"paper": 55, "door_open": False, "temp": 41.5, "state": "online", "balance": -5}
    asked = threading.Semaphore(0)

    def commanded(_edge, message) -> None:
        if any(one.name == REBIRTH and one.value is True for one in message.payload.metrics):
            asked.release()

    client = Client(client_id="edge3")
    edge = EdgeNode("hall", "edge3", [metric(REBIRTH, False), metric("uptime", 17)], client, commanded)
    edge.register(Device("kiosk6", [metric(*one) for one in values.items()]))

    def connect() -> None:
        edge.connect("127.0.0.1", port=port(), blocking=False)
        within(10, client._client.is_connected)
        time.sleep(0.2)

    def answer() -> None:
        number = 0
        while asked.acquire():
            edge.disconnect()
            connect()
            number += 1
            say("rebirth", number=number)

    def publish(**changed) -> None:
        values.update(changed)
        edge.update_device("kiosk6", [metric(*one) for one in changed.items()])

    threading.Thread(target=answer, daemon=True).start()
    cable = Cable(client._client)
    connect()
    about = {"convention": "sparkplug", "group": "hall", "edge": "edge3", "device": "kiosk6"}
    say("ready", **about, alive=True, values=values, node={"uptime": 17})
    go_on()

    for left in (54, 53, 52):
        publish(paper=left)
    publish(door_open=True, temp=None, balance=-70000)
    publish(state="hardwareError")
    edge.update([metric("uptime", 18)])
    time.sleep(0.2)
    say("update", alive=True, values=values, node={"uptime": 18}, paper=[54, 53, 52])
    go_on()

    publish(temp=-3.25)
    for left in range(800, 500, -1):
        publish(paper=left)
    time.sleep(0.2)
    say("wrap", alive=True, values=values, messages=301)
    go_on()

    kiosk = edge.devices["kiosk6"]
    edge.deregister("kiosk6")
    time.sleep(0.1)
    say("ddeath", alive=False, node_alive=True, values=values)
    go_on()

    edge.register(kiosk)
    time.sleep(0.1)
    say("dback", alive=True, values=values)
    go_on()

    cable.pull()
    say("lost", alive=False, node_alive=False, values=values)
    go_on()

    cable.plug()
    time.sleep(0.2)
    publish(paper=51)
    time.sleep(0.1)
    say("back", alive=True, values=values)
    go_on()

    edge.disconnect()
    say("ndeath", alive=False, node_alive=False, values=values)


main()
