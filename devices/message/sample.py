"""一台自助设备的状态消息，可直接改用。 A machine's status, to start from.

    pip install "paho-mqtt>=2"
    HALL_PASSWORD=… HALL_CA=ca.pem python sample.py hall.example.org 8883 ticket-01 hall-1 ticket_machine

HALL_CA：大厅的 CA 文件，设了就用 TLS。 The hall's CA file; with it the connection is encrypted.
HALL_EVERY_S：间隔秒数，默认 60。 Seconds between two messages, 60.
"""

import json
import os
import signal
import sys
import threading
import time
from collections import deque
from datetime import datetime

import paho.mqtt.client as mqtt

host, port, machine, zone, kind = sys.argv[1:6]
topic = f"hall/{zone}/{kind}/{machine}/status"
every_s = float(os.environ.get("HALL_EVERY_S", "60"))
changed, leaving = threading.Event(), threading.Event()
waiting = deque(maxlen=10_000)  # 断线时存着，一周的量 kept through an outage, a week of minutes
seq = 0


def status() -> dict:
    """换成本机的真实状态；有变化时调用 changed.set()。 Your machine's state; call changed.set() at a change."""
    return {
        "mode": "run",
        "app": {"state": "inService", "version": "1.0.0", "backend": "reachable"},
        "parts": {"touch": {"device": "online"}, "printer": {"device": "online", "paper": "full", "left": 640}},
        "faults": [],
    }


def message(**state) -> str:
    # 毫秒数作序号：重启后仍比以前的大，无需存盘。时钟会倒退的设备请把 seq 存入文件。
    # Milliseconds as the number: it goes on growing after a restart, with nothing to store. Where
    # the clock may be set back, keep seq in a file.
    global seq
    seq = max(seq + 1, time.time_ns() // 1_000_000)
    ts = datetime.now().astimezone().isoformat(timespec="milliseconds")  # 带时区 with the offset
    return json.dumps({"ts": ts, "seq": seq, "id": machine, **state})


def connected(_client, _data, _flags, reason, _properties) -> None:
    if reason.is_failure:
        print("not connected:", reason, file=sys.stderr)
    else:
        changed.set()  # 连上就发，盖掉遗嘱 say so at once: it replaces the will


def refused(_client, _data, _mid, reason, _properties) -> None:
    if reason.is_failure:
        print("not taken:", reason, file=sys.stderr)


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=machine, protocol=mqtt.MQTTv5)
client.username_pw_set(machine, os.environ.get("HALL_PASSWORD"))
if ca := os.environ.get("HALL_CA"):
    client.tls_set(ca_certs=ca)
client.will_set(topic, json.dumps({"device": "offline", "id": machine}), qos=1, retain=True)
client.on_connect, client.on_publish = connected, refused
client.on_connect_fail = lambda *_: print("not connected:", sys.exc_info()[1], file=sys.stderr)
client.reconnect_delay_set(1, 30)
client.connect_async(host, int(port), keepalive=30, clean_start=True)
client.loop_start()
for name in (signal.SIGINT, signal.SIGTERM):
    signal.signal(name, lambda *_: leaving.set())

due, sent = 0.0, None
while not leaving.wait(0.05):  # 每秒最多 20 条 at most 20 messages a second
    if changed.is_set() or time.monotonic() >= due:
        changed.clear()
        due = time.monotonic() + every_s
        waiting.append(message(device="online", **status()))
    # 一条确认后再发下一条；途中断线的由 paho 重发。 One after the other; paho sends again what was on its way.
    if waiting and client.is_connected() and (sent is None or sent.rc or sent.is_published()):
        sent = client.publish(topic, waiting.popleft(), qos=1, retain=True)

# 正常断开时服务器不发遗嘱，所以自己说。 A clean end drops the will, so say it.
sent = client.publish(topic, message(device="offline"), qos=1, retain=True)
if sent.rc == mqtt.MQTT_ERR_SUCCESS:
    sent.wait_for_publish(10)
client.disconnect()
client.loop_stop()
