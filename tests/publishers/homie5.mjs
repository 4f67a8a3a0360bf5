// A Homie 5 device that npm's node-homie publishes: another hand than ours wrote what goes over the wire.
//
// usage: homie5.mjs PORT          (see phases.mjs and phases.py for how it speaks)
// phases: ready, update, alert, quiet, changed, sleeping, lost, back, disconnected
//
// The device kiosk10 has a printer (paper 0..800, state), a door and a board. Its child kiosk10-coin
// shares its connection, as Homie 5 wants it: when kiosk10 is lost, so is the child, whose own
// $state stays `ready`. The numbers of `update` are published one after the other. `alert` is a
// topic of its own in Homie 5. `changed` gives the printer a second property: a new $description.
import { createRequire } from "node:module";
import { Cable, goOn, port, say, sleep, within } from "./phases.mjs";

const require = createRequire(import.meta.url);
const { HomieDevice, HomieNode, HomieProperty } = require("node-homie");
const { SimpleLogger } = require("node-homie/misc");
const { RxMqtt } = require("node-homie/mqtt");

// Its log would get between the lines of JSON.
SimpleLogger.logOutput = (_domain, type, name, _least, level, text) => {
  if (level < 2) console.error(`${type} ${name}: ${text}`);
};

const url = `mqtt://127.0.0.1:${port()}`;
const promised = (observable) => new Promise((complete, error) => observable.subscribe({ error, complete }));

const device = new HomieDevice({ id: "kiosk10", name: "kiosk 10", children: ["kiosk10-coin"] }, { url });
const add = (to, id, name, type) => to.add(new HomieNode(to, { id, name, type }));
const printer = add(device, "printer", "Ticket printer", "printer");
const door = add(device, "door", "Service door", "contact");
const board = add(device, "board", "Main board", "computer");
const property = (node, id, name, datatype, value, rest = {}) => {
  const made = node.add(new HomieProperty(node, { id, name, datatype, settable: false, retained: true, ...rest }));
  made.value = value;
  return made;
};
const paper = property(printer, "paper", "Paper left", "integer", "55", { unit: "#", format: "0:800" });
const state = property(printer, "state", "State", "enum", "online", { format: "online,offline,hardwareError" });
const open = property(door, "open", "Open", "boolean", "false");
const temperature = property(board, "temperature", "Temperature", "float", "41.5", { unit: "°C" });

const values = () => ({
  "printer/paper": Number(paper.value),
  "printer/state": state.value,
  "door/open": open.value === "true",
  "board/temperature": Number(temperature.value),
});

await device.onInit();
const connection = device.mqtt;
const child = new HomieDevice(
  { id: "kiosk10-coin", name: "Coin box of kiosk 10", root: "kiosk10", parent: "kiosk10" }, connection);
const hopper = add(child, "hopper", "Hopper", "hopper");
property(hopper, "coins", "Coins left", "integer", "310", { format: "0:" });
await child.onInit();
if (!(connection instanceof RxMqtt)) throw new Error("node-homie has changed: a device has no RxMqtt");
const cable = new Cable(connection.mqtt);
await within(10, () => device.state === "ready" && child.state === "ready");
await sleep(200);
say("ready", {
  convention: "homie5", device: "kiosk10", name: "kiosk 10", state: "ready", values: values(),
  child: { device: "kiosk10-coin", name: "Coin box of kiosk 10", state: "ready", values: { "hopper/coins": 310 } },
});
await goOn();

for (const left of ["54", "53", "52"]) await paper.setValue(left);
await open.setValue("true");
await temperature.setValue("-3.25");
say("update", { state: "ready", values: values(), paper: [54, 53, 52] });
await goOn();

await state.setValue("hardwareError");
await promised(device.publishAlert$("paperjam", "the paper is stuck"));
await promised(device.publishLog$("error", "cutter does not answer"));
say("alert", { state: "ready", values: values(), alert: { paperjam: "the paper is stuck" } });
await goOn();

await promised(device.clearAlert$("paperjam"));
say("quiet", { state: "ready", values: values(), alert: {} });
await goOn();

let ink;
await device.deviceChangeTransactionAsync(async () => {
  ink = property(printer, "ink", "Ink left", "float", "87.5", { unit: "%", format: "0:100" });
  await ink.onInit();
  device.descriptionUpdateNeeded = true;
  return true;
});
const more = () => ({ ...values(), "printer/ink": Number(ink.value) });
say("changed", { state: "ready", values: more() });
await goOn();

await promised(device.updateState$("sleeping"));
say("sleeping", { state: "sleeping", values: more() });
await goOn();

await cable.pull();
say("lost", { state: "lost", values: more() });
await goOn();

const before = { device: device.deviceState, child: child.deviceState };
if (before.device !== "sleeping" || before.child !== "ready") throw new Error(JSON.stringify(before));
await cable.plug();
await within(10, () => device.state === "ready" && child.state === "ready");
await state.setValue("online");
say("back", { state: "ready", values: more() });
await goOn();

await child.onDestroy();
// It sometimes waits for ever for its connection to end, long after it has said goodbye.
await Promise.race([device.onDestroy(), sleep(5_000)]);
say("disconnected", { state: "disconnected", values: more() });
process.exit(0);
