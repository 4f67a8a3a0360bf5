// The sound of announcements: switched on by a person, remembered on this screen, played by WebAudio.
// Browsers play nothing before somebody touched the page; a kiosk can be told to (--autoplay-policy).
import { useEffect, useState } from "preact/hooks";

const KEY = "hallwatch.sound";
/** `blocked`: on, and the browser wants a click first. `missing`: on, and this browser has no WebAudio. */
export type Sound = "off" | "on" | "blocked" | "missing";
export type Tune = "plain" | "critical" | "over";

interface Melody { readonly tones: readonly number[]; readonly seconds: number; readonly loud: number; readonly wave: OscillatorType }
const MELODIES: Readonly<Record<Tune, Melody>> = {
  plain: { tones: [659, 880], seconds: 0.22, loud: 0.3, wave: "sine" },
  critical: { tones: [988, 698, 988, 698, 988, 698], seconds: 0.28, loud: 0.5, wave: "triangle" },
  over: { tones: [523, 392], seconds: 0.3, loud: 0.12, wave: "sine" },
};
/** Rising and falling that fast, a tone does not click. */
const EDGE_S = 0.02;

const listeners = new Set<() => void>();
const tell = () => listeners.forEach((listener) => listener());
let on = remembered();
let context: AudioContext | null = null;

function remembered(): boolean {
  try {
    return localStorage.getItem(KEY) === "on";
  } catch {
    return false;
  }
}

function soundNow(): Sound {
  if (!on) return "off";
  if (typeof AudioContext === "undefined") return "missing";
  return context?.state === "running" ? "on" : "blocked";
}

/** Makes the context, and asks the browser to let it run: granted at once after a click, else when there was one. */
function wake(): Promise<void> {
  if (!on || typeof AudioContext === "undefined") return Promise.resolve();
  if (!context) {
    context = new AudioContext();
    context.onstatechange = tell;
  }
  return context.state === "running" ? Promise.resolve() : context.resume().then(tell, () => undefined);
}

export function setSound(wanted: boolean): void {
  on = wanted;
  try {
    localStorage.setItem(KEY, wanted ? "on" : "off");
  } catch {
    // Private mode: the choice lasts as long as the page does.
  }
  // What one turns on is heard once: so one knows how loud it is.
  if (wanted) void wake().then(() => play("plain"));
  else void context?.suspend();
  tell();
}

export function play(tune: Tune): void {
  if (soundNow() !== "on" || !context) return;
  const { tones, seconds, loud, wave } = MELODIES[tune];
  tones.forEach((hertz, i) => tone(hertz, i * seconds, seconds, loud, wave));
}

function tone(hertz: number, after: number, seconds: number, loud: number, wave: OscillatorType): void {
  if (!context) return;
  const begin = context.currentTime + after;
  const end = begin + seconds;
  const volume = context.createGain();
  volume.gain.setValueAtTime(0, begin);
  volume.gain.linearRampToValueAtTime(loud, begin + EDGE_S);
  volume.gain.setValueAtTime(loud, end - EDGE_S);
  volume.gain.linearRampToValueAtTime(0, end);
  const oscillator = context.createOscillator();
  oscillator.type = wave;
  oscillator.frequency.value = hertz;
  oscillator.connect(volume);
  volume.connect(context.destination);
  oscillator.start(begin);
  oscillator.stop(end);
}

/** How the sound stands. While it is blocked, any touch of the page is the click that the browser waits for. */
export function useSound(): Sound {
  const [sound, setNow] = useState<Sound>(soundNow);
  useEffect(() => {
    const look = () => setNow(soundNow());
    listeners.add(look);
    look();
    return () => { listeners.delete(look); };
  }, []);
  useEffect(() => {
    if (sound !== "blocked") return undefined;
    const touched = () => void wake();
    const kinds = ["pointerdown", "click", "keydown"];
    void wake();
    kinds.forEach((kind) => document.addEventListener(kind, touched));
    return () => kinds.forEach((kind) => document.removeEventListener(kind, touched));
  }, [sound]);
  return sound;
}
