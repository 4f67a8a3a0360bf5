// What is announced in the hall: a banner and a sound on the live board, when a channel of the kind "sound" says something.
import { useEffect, useState } from "preact/hooks";
import { ApiError, api } from "../../api/http";
import type { Announcement } from "../../api/desk";
import { moment } from "../../format/time";
import { useWords } from "../../i18n";
import { serverNow } from "../../state/clock";
import { put, useTopic } from "../../state/store";
import { useMedia } from "../../state/media";
import { useVisible } from "../../state/visible";
import { useWhileOpen } from "../../state/while-open";
import { AcceptedIcon, SeverityIcon } from "../icons";
import { keyOf, newsOf, tuneOf } from "./news";
import { play, setSound, useSound, type Tune } from "./sound";

/** Channels change with the configuration only. */
const CHANNELS_MS = 300_000;
const LOOK_MS = 5_000;
const SHOWN_MS = 20_000;
/** More at once nobody reads; the alerts have them all. */
const SHOWN_LIMIT = 3;
/** A screen that nobody came to for days. */
const CRITICAL_LIMIT = 20;
const PHONE = "(max-width: 700px), (max-height: 500px) and (pointer: coarse)";
/** Of several at once the gravest is heard. */
const GRAVITY: readonly Tune[] = ["critical", "plain", "over"];

/** The text repeats its title, and ends with the address of this page. */
function bodyOf(text: string, title: string): string {
  return text.split("\n").filter((line) => line !== title && !/^https?:\/\/\S+$/.test(line)).join("\n");
}

function Banner({ said, onClose }: { said: Announcement; onClose: () => void }) {
  const { t, say, label, lang } = useWords();
  const tune = tuneOf(said);
  const open = useTopic("alerts");
  // What is over by now needs nobody's click.
  const waits = tune === "critical" && (open === null || said.alerts.length === 0 || said.alerts.some((id) => open.some((alert) => alert.id === id)));
  useEffect(() => {
    if (waits) return undefined;
    const timer = setTimeout(onClose, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [waits]);
  const unsigned = (text: string) => text.replace(/^[●✔]\s*/, "");
  const title = label({ zh: unsigned(said.title.zh), en: unsigned(said.title.en) });
  return (
    <div class={`announcement ${tune === "over" ? "health-ok" : `sev-${said.severity}`}`} data-announcement={tune} role={tune === "critical" ? "alert" : "status"} onClick={onClose}>
      <span class="announcement-sign">{tune === "over" ? <AcceptedIcon /> : <SeverityIcon severity={said.severity} />}</span>
      <div class="announcement-words">
        <p class="announcement-title"><b>{title}</b><span class="muted">{moment(said.at_ms, serverNow(), lang)}</span></p>
        <p class="announcement-text">{bodyOf(say(said.text), say(said.title))}</p>
      </div>
      <button type="button" class="button" onClick={onClose}>{t.wall.gotIt}</button>
    </div>
  );
}

/** Critical ones stay on top until somebody clicks or their alerts are over; of the others the latest are shown below. */
function kept(shown: readonly Announcement[], news: readonly Announcement[]): Announcement[] {
  const all = [...news.slice().reverse(), ...shown];
  const critical = all.filter((said) => tuneOf(said) === "critical").slice(0, CRITICAL_LIMIT);
  const others = all.filter((said) => tuneOf(said) !== "critical").slice(0, SHOWN_LIMIT);
  return [...critical, ...others];
}

/** Whether there is somebody and something to listen to. */
function useListening(): boolean {
  const visible = useVisible();
  const phone = useMedia(PHONE);
  const sound = useSound();
  const wall = useTopic("wall");
  const { data } = useWhileOpen(visible, api.channels, CHANNELS_MS);
  useEffect(() => {
    if (data) put("wall", data.channels.some((channel) => channel.kind === "sound"));
  }, [data]);
  return visible && wall && (sound !== "off" || !phone);
}

/** What waits for a click waits through a look at another view. */
let standing: readonly Announcement[] = [];

export function Announcements() {
  const { t } = useWords();
  const [missing, setMissing] = useState(false);
  const [shown, setShown] = useState(() => standing);
  const listening = useListening();
  const look = async () => {
    try {
      return await api.wall();
    } catch (error) {
      // A daemon without it will not have it in five seconds.
      if (error instanceof ApiError && error.status === 404) setMissing(true);
      throw error;
    }
  };
  const { data } = useWhileOpen(listening && !missing, look, LOOK_MS);
  useEffect(() => {
    if (!data) return;
    const news = newsOf(data);
    if (news.length === 0) return;
    const tunes = news.map(tuneOf);
    const gravest = GRAVITY.find((tune) => tunes.indexOf(tune) >= 0);
    if (gravest) play(gravest);
    setShown((before) => kept(before, news));
  }, [data]);
  standing = shown.filter((said) => tuneOf(said) === "critical");
  const close = (said: Announcement) => setShown((before) => before.filter((entry) => entry !== said));
  return (
    <section class="announcements" aria-label={t.wall.region}>
      {shown.map((said) => <Banner key={keyOf(said)} said={said} onClose={() => close(said)} />)}
    </section>
  );
}

/** On, and yet nothing is heard: who relies on it has to know. */
export function SoundNote() {
  const { wall } = useWords().t;
  const there = useTopic("wall");
  const sound = useSound();
  if (!there || (sound !== "blocked" && sound !== "missing")) return null;
  return (
    <p class="sound-note" role="status" data-testid="sound-note">
      <span>{wall[sound]}</span>
      {sound === "blocked" ? <button type="button" class="button" onClick={() => setSound(true)}>{wall.allow}</button> : null}
    </p>
  );
}
