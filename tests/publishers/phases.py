"""What the Python publishers of this folder share: a line of JSON for each phase, a line on stdin to
go on, and a network cable that can be pulled. No MQTT and no convention is in here: what goes over
the wire is the packages' own.

Every publisher takes the broker's port on 127.0.0.1 as its first argument and goes through its
phases: it does what the phase is about, says so as {"phase": NAME, ...} with the values that it has
published, and waits for a line on stdin. At the end of stdin it goes on by itself after PAUSE
seconds. It exits with 0 after the last phase.
"""

import json
import os
import socket
import sys
import threading
import time

PAUSE = float(os.environ.get("PUBLISHER_PAUSE", "0.5"))
_saying = threading.Lock()


def port() -> int:
    return int(sys.argv[1])


def say(phase: str, **values) -> None:
    """One line of JSON; other threads say something too, so one line at a time."""
    with _saying:
        print(json.dumps({"phase": phase, **values}, ensure_ascii=False), flush=True)


def go_on() -> None:
    if not sys.stdin.readline():
        time.sleep(PAUSE)


def within(seconds: float, true) -> None:
    """Waits until `true()`; a publisher that gets nowhere fails instead of hanging."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            sys.exit(f"{sys.argv[0]}: waited {seconds} s in vain")
        time.sleep(0.02)


class Cable:
    """The network cable of a paho client: pulled, the broker sees a dead connection and publishes
    the will; the client tries to come back by itself as soon as it is plugged in again."""

    def __init__(self, client):
        self._client = client
        self._plugged = threading.Event()
        self._plugged.set()
        reconnect = client.reconnect

        def when_plugged(*args, **kwargs):
            self._plugged.wait()
            return reconnect(*args, **kwargs)

        client.reconnect = when_plugged

    def pull(self) -> None:
        self._plugged.clear()
        self._client.socket().shutdown(socket.SHUT_RDWR)
        within(5, lambda: self._client.socket() is None)

    def plug(self) -> None:
        self._plugged.set()
        within(10, lambda: self._client.socket() is not None and self._client.is_connected())
