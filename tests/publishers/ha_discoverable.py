"""Home Assistant entities that PyPI's ha-mqtt-discoverable publishes, one config topic for each:
another hand than ours wrote what goes over the wire.

usage: ha_discoverable.py PORT          (see phases.py for how it speaks)
phases: ready, update, attributes, offline, online, lost, back, removed

The device ticket-machine-3 (tm3, QT-500, acme) has five entities, each with its own connection, its
own availability topic and its own will, as the package makes them: tickets_today (whole, retained),
tickets_total (JSON with last_reset, behind a value_template), cpu_temp (not retained), mode (an
enumeration), paper_low (on/off, device class problem). The numbers of `update` are published one
after the other.
"""

from ha_mqtt_discoverable import DeviceInfo, Settings
from ha_mqtt_discoverable.sensors import BinarySensor, BinarySensorInfo, Sensor, SensorInfo
from phases import Cable, go_on, port, say

MIDNIGHT = "2026-01-31T00:00:00+08:00"


def main() -> None:
    device = DeviceInfo(
        name="ticket-machine-3", identifiers="tm3", model="QT-500", manufacturer="acme",
        sw_version="4.11", suggested_area="hall",
    )

    def made(kind, info, name: str, retain: bool, **rest):
        entity = info(name=name, unique_id=f"tm3-{name}", device=device, **rest)
        broker = Settings.MQTT(host="127.0.0.1", port=port(), client_name=f"tm3-{name}")
        one = kind(Settings(mqtt=broker, entity=entity, manual_availability=True), retain=retain)
        one.set_availability(True)
        return one

    today = made(
        Sensor, SensorInfo, "tickets_today", True,
        unit_of_measurement="tickets", state_class="total_increasing", icon="mdi:ticket",
    )
    total = made(
        Sensor, SensorInfo, "tickets_total", True, unit_of_measurement="tickets", state_class="total",
        value_template="{{ value_json.state }}", last_reset_value_template="{{ value_json.last_reset }}",
    )
    temperature = made(
        Sensor, SensorInfo, "cpu_temp", False, device_class="temperature", unit_of_measurement="°C",
        expire_after=600, entity_category="diagnostic", display_name="Temperature of the processor",
    )
    mode = made(Sensor, SensorInfo, "mode", True, device_class="enum", options=["idle", "printing", "fault"])
    paper_low = made(BinarySensor, BinarySensorInfo, "paper_low", True, device_class="problem")
    all_five = (today, total, temperature, mode, paper_low)
    cables = [Cable(one.mqtt_client) for one in all_five]

    values = {}

    def publish(tickets: int, ever: int, celsius: float, now: str, low: bool) -> None:
        today.set_state(tickets)
        total.set_state(ever, last_reset=MIDNIGHT)
        temperature.set_state(celsius)
        mode.set_state(now)
        paper_low.on() if low else paper_low.off()
        values.update(tickets_today=tickets, tickets_total=ever, cpu_temp=celsius, mode=now, paper_low=low)

    publish(55, 120055, 41.5, "idle", False)
    about = {"convention": "homeassistant", "device": "tm3", "name": "ticket-machine-3"}
    say("ready", **about, available=True, values=values)
    go_on()

    for tickets in (56, 57, 58):
        publish(tickets, 120000 + tickets, 41.5 + tickets / 4, "printing", tickets == 58)
    say("update", available=True, values=values, tickets_today=[56, 57, 58])
    go_on()

    today.set_attributes({"counter": 3, "queue": "A", "open": True})
    say("attributes", available=True, values=values, attributes={"counter": 3, "queue": "A", "open": True})
    go_on()

    for one in all_five:
        one.set_availability(False)
    say("offline", available=False, values=values)
    go_on()

    for one in all_five:
        one.set_availability(True)
    say("online", available=True, values=values)
    go_on()

    for cable in cables:
        cable.pull()
    say("lost", available=False, values=values)
    go_on()

    for cable in cables:
        cable.plug()
    publish(59, 120059, 40.25, "fault", False)
    for one in all_five:
        one.set_availability(True)
    say("back", available=True, values=values)
    go_on()

    for one in all_five:
        one.set_availability(False)
        one.delete()
    for one in all_five:
        one.mqtt_client.disconnect()
        one.mqtt_client.loop_stop()
    say("removed", available=False, values={})


main()
