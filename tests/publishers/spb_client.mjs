// A Sparkplug B edge node and its device that npm's sparkplug-client (Eclipse Tahu) publishes: another
// hand than ours wrote what goes over the wire.
//
// usage: spb_client.mjs PORT [names]          (see phases.mjs and phases.py for how it speaks)
// phases: ready, update, ddeath, dback, lost, back, ndeath; and {"phase":"rebirth","number":n}
// whenever it was asked by an NCMD `Node Control/Rebirth` = true and has published its births again
//
// Group hall, edge node edge2, device kiosk8. Births have names and aliases, data messages the aliases
// alone; with `names` there are no aliases. The numbers of `update` are published one after the other,
// in a DDATA each. Left as the package has it: its bdSeq is always 0, a UInt32 goes into long_value.
import sparkplug from "sparkplug-client";
import { Cable, goOn, port, say, sleep, within } from "./phases.mjs";

const named = process.argv[3] === "names";
const ALIAS = { paper: 1, door_open: 2, temp: 3, state: 4, balance: 5, uptime: 100 };
const TYPE = { paper: "UInt32", door_open: "Boolean", temp: "Float", state: "String", balance: "Int32", uptime: "UInt64" };
const values = { paper: 55, door_open: false, temp: 41.5, state: "online", balance: -5 };
const node = { uptime: 17 };

const birthMetric = ([name, value]) => ({
  name, value, type: TYPE[name], timestamp: Date.now(), ...(named ? {} : { alias: ALIAS[name] }),
});
const dataMetric = ([name, value]) => ({
  value, type: TYPE[name], timestamp: Date.now(), ...(named ? { name } : { alias: ALIAS[name] }),
});
const payload = (metrics) => ({ timestamp: Date.now(), metrics });

const client = sparkplug.newClient({
  serverUrl: `mqtt://127.0.0.1:${port()}`, username: "", password: "",
  groupId: "hall", edgeNode: "edge2", clientId: "edge2", version: "spBv1.0", publishDeath: true,
});

let deviceAlive = true;
let births = 0;
function publishBirths() {
  client.publishNodeBirth(payload([
    { name: "Node Control/Rebirth", type: "Boolean", value: false, timestamp: Date.now() },
    ...Object.entries(node).map(birthMetric),
  ]));
  if (deviceAlive) publishDeviceBirth();
  births += 1;
}

function publishDeviceBirth() {
  client.publishDeviceBirth("kiosk8", payload([
    ...Object.entries(values).map(birthMetric),
    { name: "Properties/model", type: "String", value: "QT-500", timestamp: Date.now() },
  ]));
}

function publish(changed) {
  Object.assign(values, changed);
  client.publishDeviceData("kiosk8", payload(Object.entries(changed).map(dataMetric)));
}

let rebirths = 0;
client.on("error", (error) => { console.error(error); process.exit(1); });
client.on("birth", publishBirths);
client.on("ncmd", ({ metrics = [] }) => {
  if (!metrics.some(({ name, value }) => name === "Node Control/Rebirth" && value === true)) return;
  publishBirths();
  rebirths += 1;
  say("rebirth", { number: rebirths });
});

await within(10, () => births > 0);
await sleep(200);
const cable = new Cable(client.client);
say("ready", {
  convention: "sparkplug", group: "hall", edge: "edge2", device: "kiosk8", alive: true,
  values, attributes: { "Properties/model": "QT-500" }, node,
});
await goOn();

for (const paper of [54, 53, 52]) publish({ paper });
publish({ door_open: true, temp: -3.25, balance: -70000 });
publish({ state: "hardwareError" });
node.uptime = 18;
client.publishNodeData(payload(Object.entries(node).map(dataMetric)));
await sleep(200);
say("update", { alive: true, values, node, paper: [54, 53, 52] });
await goOn();

deviceAlive = false;
client.publishDeviceDeath("kiosk8", { timestamp: Date.now() });
await sleep(100);
say("ddeath", { alive: false, node_alive: true, values });
await goOn();

deviceAlive = true;
publishDeviceBirth();
await sleep(100);
say("dback", { alive: true, values });
await goOn();

await cable.pull();
say("lost", { alive: false, node_alive: false, values });
await goOn();

const before = births;
await cable.plug();
await within(10, () => births > before);
publish({ paper: 51 });
await sleep(100);
say("back", { alive: true, values });
await goOn();

client.stop();
await within(10, () => !client.connected);
say("ndeath", { alive: false, node_alive: false, values });
process.exit(0);
