"""A Homie 4 device that PyPI's Homie4 publishes: another hand than ours wrote what goes over the wire.

usage: homie4.py PORT          (see phases.py for how it speaks)
phases: ready, update, alert, sleeping, lost, back, disconnected

The device kiosk9 has a printer (paper 0..800, state), a door and a board. The numbers of `update`
are published one after the other. Two things are done here that the package leaves out: it never
sends DISCONNECT, so a clean end would end in the will, and it has no way to lose the connection.
"""

import logging
import time
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

from homie.device_base import Device_Base  # noqa: E402 -- the package warns while it is imported
from homie.node.node_base import Node_Base  # noqa: E402
from homie.node.property.property_boolean import Property_Boolean  # noqa: E402
from homie.node.property.property_enum import Property_Enum  # noqa: E402
from homie.node.property.property_float import Property_Float  # noqa: E402
from homie.node.property.property_integer import Property_Integer  # noqa: E402
from phases import Cable, go_on, port, say, within  # noqa: E402

STATES = "online,offline,hardwareError"


def settled(client) -> None:
    """All messages so far are with the broker: QoS 1, so it has said so."""
    time.sleep(0.2)  # the package publishes from a thread of its own
    within(5, lambda: not client._out_messages)


def main() -> None:
    device = Device_Base(
        device_id="kiosk9",
        name="kiosk 9",
        mqtt_settings={"MQTT_BROKER": "127.0.0.1", "MQTT_PORT": port(), "MQTT_CLIENT_ID": "homie4-kiosk9"},
    )
    printer = Node_Base(device, "printer", "Ticket printer", "printer")
    door = Node_Base(device, "door", "Service door", "contact")
    board = Node_Base(device, "board", "Main board", "computer")
    paper = Property_Integer(
        printer, "paper", "Paper left", settable=False, unit="#", data_format="0:800", value=55
    )
    state = Property_Enum(printer, "state", "State", settable=False, data_format=STATES, value="online")
    is_open = Property_Boolean(door, "open", "Open", settable=False, value=False)
    temperature = Property_Float(board, "temperature", "Temperature", settable=False, unit="°C", value=41.5)
    for node, properties in ((printer, (paper, state)), (door, (is_open,)), (board, (temperature,))):
        for one in properties:
            node.add_property(one)
        device.add_node(node)

    def values() -> dict:
        return {
            "printer/paper": paper.value,
            "printer/state": state.value,
            "door/open": is_open.value,
            "board/temperature": temperature.value,
        }

    client = device.mqtt_client.mqtt_client
    cable = Cable(client)
    device.start()
    within(10, lambda: device.state == "ready")
    settled(client)
    about = {"convention": "homie4", "device": "kiosk9", "name": "kiosk 9"}
    say("ready", **about, state="ready", values=values())
    go_on()

    for left in (54, 53, 52):
        paper.value = left
    is_open.value = True
    temperature.value = -3.25
    settled(client)
    say("update", state="ready", values=values(), paper=[54, 53, 52])
    go_on()

    state.value = "hardwareError"
    device.state = "alert"
    settled(client)
    say("alert", state="alert", values=values())
    go_on()

    device.state = "sleeping"
    settled(client)
    say("sleeping", state="sleeping", values=values())
    go_on()

    cable.pull()
    say("lost", state="lost", values=values())
    go_on()

    state.value = "online"
    cable.plug()
    within(10, lambda: device.state == "ready")
    settled(client)
    say("back", state="ready", values=values())
    go_on()

    device.close()
    settled(client)
    client.disconnect()
    client.loop_stop()
    say("disconnected", state="disconnected", values=values())


main()
