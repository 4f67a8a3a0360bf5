// What the publishers of this folder in JavaScript share: a line of JSON for each phase, a line on
// stdin to go on, and a network cable that can be pulled. No MQTT and no convention is in here: what
// goes over the wire is the packages' own. See phases.py for how a publisher speaks.
import { createInterface } from "node:readline";

const PAUSE = Number(process.env.PUBLISHER_PAUSE ?? "0.5") * 1000;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

export const port = () => Number(process.argv[2]);
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const say = (phase, values = {}) => console.log(JSON.stringify({ phase, ...values }));

export async function goOn() {
  const { done } = await lines.next();
  if (done) await sleep(PAUSE);
}

/** Waits until `probe` is true; a publisher that gets nowhere fails instead of hanging. */
export async function within(seconds, probe) {
  const end = Date.now() + seconds * 1000;
  while (!probe()) {
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain`);
    await sleep(20);
  }
}

/** The network cable of an mqtt.js client: pulled, the broker sees a dead connection and publishes the will. */
export class Cable {
  constructor(client) {
    this.client = client;
  }

  async pull() {
    this.client.options.reconnectPeriod = 0;
    this.client.stream.destroy();
    await within(5, () => !this.client.connected);
  }

  async plug() {
    this.client.reconnect();
    await within(10, () => this.client.connected);
  }
}
