// The words of what is announced in the hall, in English; part of en.ts.
import type { Messages } from "./index";

export const wall: Messages["wall"] = {
  region: "Announcements",
  sound: "Sound",
  turnOn: "Sound is off: turn it on",
  turnOff: "Sound is on: turn it off",
  silent: "Sound is on, but the browser does not let it play yet",
  blocked: "Sound is on, but the browser plays nothing before somebody clicks on the page.",
  allow: "Let it play",
  missing: "Sound is on, but this browser cannot play any.",
  gotIt: "Got it",
};
