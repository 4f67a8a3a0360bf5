"""A Sparkplug B edge node and its device that PyPI's mqtt-spb-wrapper publishes: another hand than
ours wrote what goes over the wire.

usage: spb.py PORT [aliases]          (see phases.py for how it speaks)
phases: ready, update, ddeath, dback, lost, back, ndeath; and {"phase": "rebirth", "number": n}
whenever it was asked by an NCMD `Node Control/Rebirth` = true and has published its births again

Group hall, edge node edge1, device kiosk7. The numbers of `update` are published one after the other,
in a DDATA each. With `aliases` the metrics of the device have aliases beside their names. Left as
the package has it, though it is not by the specification:
- births say `DATA/paper`, `ATTR/model`, `CMD/...`, data messages say `paper`;
- bdSeq of an NBIRTH is never that of its will, and each DDEATH takes one number of bdSeq;
- NDEATH and DDEATH have neither timestamp nor seq, a DDEATH has a bdSeq instead;
- the device has a connection and a will of its own.
Put right here: the package's own answer to a rebirth command is a crash of its MQTT thread.
"""

import os
import sys
import threading
import time

# Its generated code is old: a newer protobuf than the one it asks for takes it only this way.
os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"

from mqtt_spb_wrapper import MqttSpbEntityDevice, MqttSpbEntityEdgeNode  # noqa: E402
from mqtt_spb_wrapper.spb_protobuf import MetricDataType  # noqa: E402
from phases import Cable, go_on, port, say  # noqa: E402

REBIRTH = "Node Control/Rebirth"
ALIASES = sys.argv[2:] == ["aliases"]


def apart() -> None:
    """Node and device have a connection each; without a pause the broker may see them crossed."""
    time.sleep(0.1)


class Births:
    """Publishes the births, and again whenever the host asks for it."""

    def __init__(self, edge: MqttSpbEntityEdgeNode, device: MqttSpbEntityDevice):
        self._edge, self._device = edge, device
        self._asked = threading.Semaphore(0)
        edge.commands.set_callback(REBIRTH, lambda value: value and self._asked.release())
        threading.Thread(target=self._answer, daemon=True).start()

    def publish(self) -> None:
        self._edge.publish_birth()
        apart()
        if self._device.is_connected():
            self._device.publish_birth()
            apart()

    def _answer(self) -> None:
        number = 0
        while self._asked.acquire():
            self._edge.commands.set_value(REBIRTH, False, skip_callback=True)
            self.publish()
            number += 1
            say("rebirth", number=number)


def main() -> None:
    edge = MqttSpbEntityEdgeNode("hall", "edge1")
    edge.attributes.set_value("vendor", "acme")
    edge.data.set_value("uptime", 17)
    device = MqttSpbEntityDevice("hall", "edge1", "kiosk7")
    device.attributes.set_value("model", "QT-500")
    device.attributes.set_value("serial", "0004711")
    values = {"paper": 55, "door_open": False, "temp": 41.5, "state": "online", "balance": -5}
    for alias, (name, value) in enumerate(values.items(), 1):
        kind = MetricDataType.Int32 if name == "balance" else None
        device.data.set_value(name, value, spb_data_type=kind, spb_alias_num=alias if ALIASES else None)

    def publish(**changed) -> None:
        for name, value in changed.items():
            device.data.set_value(name, value)
        values.update(changed)
        device.publish_data()
        apart()

    births = Births(edge, device)
    for entity in (edge, device):
        if not entity.connect("127.0.0.1", port()):
            sys.exit("no connection")
    cable = Cable(edge._mqtt)
    births.publish()
    about = {"convention": "sparkplug", "group": "hall", "edge": "edge1", "device": "kiosk7"}
    attributes = {"model": "QT-500", "serial": "0004711"}
    say("ready", **about, alive=True, values=values, attributes=attributes, node={"uptime": 17})
    go_on()

    for left in (54, 53, 52):
        publish(paper=left)
    publish(door_open=True, temp=-3.25, balance=-70000)
    publish(state="hardwareError")
    edge.data.set_value("uptime", 18)
    edge.publish_data()
    apart()
    say("update", alive=True, values=values, node={"uptime": 18}, paper=[54, 53, 52])
    go_on()

    device.disconnect()
    say("ddeath", alive=False, node_alive=True, values=values)
    go_on()

    device.connect("127.0.0.1", port())
    device.publish_birth()
    apart()
    say("dback", alive=True, values=values)
    go_on()

    cable.pull()
    say("lost", alive=False, node_alive=False, values=values)
    go_on()

    cable.plug()
    births.publish()
    publish(paper=51)
    say("back", alive=True, values=values)
    go_on()

    edge.disconnect()
    device.disconnect(skip_death_publish=True)
    say("ndeath", alive=False, node_alive=False, values=values)


main()
