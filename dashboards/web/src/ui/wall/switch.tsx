// The switch in the header by which announcements are heard.
import { useWords } from "../../i18n";
import { useTopic } from "../../state/store";
import { SoundIcon } from "../icons";
import { setSound, useSound } from "./sound";

export function SoundSwitch() {
  const { wall } = useWords().t;
  const there = useTopic("wall");
  const sound = useSound();
  if (!there) return null;
  const on = sound !== "off";
  const about = sound === "off" ? wall.turnOn : sound === "on" ? wall.turnOff : sound === "blocked" ? wall.silent : wall.missing;
  return (
    <button
      type="button" class={`text-button sound-switch sound-${sound}`} role="switch" aria-checked={on} data-sound={sound}
      title={about} onClick={() => setSound(!on)}
    >
      <SoundIcon on={sound === "on"} /><span class="sound-word">{wall.sound}</span>
    </button>
  );
}
