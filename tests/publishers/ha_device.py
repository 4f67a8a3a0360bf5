"""A Home Assistant device that PyPI's ha-mqtt-device publishes by device discovery, one config topic
with all components and abbreviated names: another hand than ours wrote what goes over the wire.

usage: ha_device.py PORT          (see phases.py for how it speaks)
phases: ready, update, offline, online, removed

The device tm4 has coins (whole), temperature, service_door and paper_low. The numbers of `update`
are published one after the other. The package has no will.
"""

import asyncio

from ha_mqtt_device import AioMqttProvider, BinarySensor, Device, DeviceInfo, Sensor
from phases import go_on, port, say, within

INFO = DeviceInfo(
    device_id="tm4", name="ticket-machine-4", manufacturer="acme", model="QT-500", sw_version="4.11",
    hw_version="B", serial_number="0004711", suggested_area="hall",
    topic_prefix="machines/<device_id>", origin_name="acme-gateway", origin_sw="1.9",
)


async def main() -> None:
    coins = Sensor("coins", "Coins", unit_of_measurement="coins", state_class="measurement")
    temperature = Sensor(
        "temperature", "Temperature", device_class="temperature", unit_of_measurement="°C",
        suggested_display_precision=1, expire_after=600,
    )
    door = BinarySensor("service_door", "Service door", device_class="door")
    paper_low = BinarySensor(
        "paper_low", "Paper low", device_class="problem", payload_on="low", payload_off="enough"
    )
    values = {}

    async def publish(count: int, celsius: float, is_open: bool, low: bool) -> None:
        await coins.set_state(count)
        await temperature.set_state(celsius)
        await door.set_state(is_open)
        await paper_low.set_state(low)
        values.update(coins=count, temperature=celsius, service_door=is_open, paper_low=low)

    async with AioMqttProvider(hostname="127.0.0.1", port=port(), identifier="tm4") as provider:
        await asyncio.to_thread(within, 10, lambda: provider.is_connected)
        device = Device(provider, INFO, entities=[coins, temperature, door, paper_low])
        await device.configure()
        await device.set_availability(True)
        await publish(310, 41.5, False, False)
        about = {"convention": "homeassistant", "device": "tm4", "name": "ticket-machine-4"}
        say("ready", **about, available=True, values=values)
        await asyncio.to_thread(go_on)

        for count in (309, 308, 307):
            await publish(count, -3.25, True, count == 307)
        await coins.set_json_attributes('{"hopper": 2, "full": false}')
        say("update", available=True, values=values, coins=[309, 308, 307], attributes={"hopper": 2, "full": False})
        await asyncio.to_thread(go_on)

        await device.set_availability(False)
        say("offline", available=False, values=values)
        await asyncio.to_thread(go_on)

        await device.set_availability(True)
        say("online", available=True, values=values)
        await asyncio.to_thread(go_on)

        await device.close()
        await device.remove()
        say("removed", available=False, values={})


asyncio.run(main())
