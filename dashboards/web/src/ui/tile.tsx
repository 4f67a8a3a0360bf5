// One device on the board. A class, because it must skip rendering unless its own data changed.
import { Component } from "preact";
import type { Device, Point } from "../api/types";
import { pointValue, isFigure } from "../format/point";
import { age } from "../format/time";
import type { Words } from "../i18n";
import { HealthIcon } from "./icons";
import { KindIcon } from "./kind-icon";
import { Ticking, useStaleMark } from "./ticking";

export interface TileProps {
  readonly device: Device;
  readonly kind: string;
  readonly words: Words;
  readonly onOpen: (id: string) => void;
}

/** A tile has room for two values; the drawer has them all. */
const HEADLINES = 2;
/** Said in words at the foot of the tile already. */
const SAID = new Set(["state", "kiosk_state"]);

/** "27.3 kW" explains itself; "full" and "163" need to be told of what. */
function Headline({ point, words }: { point: Point; words: Words }) {
  const { number, unit } = pointValue(point, words);
  const label = words.label(point.label);
  return (
    <span class={`headline quality-${point.quality}${isFigure(point) ? " figure" : ""}`} title={label}>
      <span class={unit ? "visually-hidden" : "headline-label"}>{label} </span>
      <span class="headline-value">{number}{unit ? <small>{unit}</small> : null}</span>
    </span>
  );
}

function TileBody({ device, kind, words, onOpen }: TileProps) {
  const { t, say } = words;
  const ref = useStaleMark<HTMLButtonElement>(device.last_seen_ms, device.stale_after_ms);
  const seen = device.last_seen_ms;
  const word = t.health[device.health];
  const about = say(device.reason ?? device.state?.text ?? { zh: "", en: "" });
  // "Asleep, asleep" says nothing more than "asleep".
  const more = about.toLowerCase() === word.toLowerCase() ? "" : about;
  return (
    <button ref={ref} type="button" class={`tile health-${device.health}`} data-device={device.id} onClick={() => onOpen(device.id)}>
      <span class="tile-head">
        <HealthIcon health={device.health} />
        <span class="tile-name" title={say(device.name)}>{say(device.name)}</span>
        <span class="tile-kind" title={kind}><KindIcon kind={device.kind} /><span class="visually-hidden">{kind}</span></span>
      </span>
      <span class="tile-values">
        {device.points.filter((point) => !SAID.has(point.name)).slice(0, HEADLINES).map((point) => (
          <Headline key={point.name} point={point} words={words} />
        ))}
      </span>
      <span class="tile-foot">
        <span class={device.reason ? "tile-about tile-reason" : "tile-about"} title={more || undefined}>
          <b>{word}</b>{more ? <span>{more}</span> : null}
        </span>
        <Ticking class="tile-age" write={(now) => (seen === null ? t.neverHeard : age(now - seen, t))} />
      </span>
    </button>
  );
}

export class Tile extends Component<TileProps> {
  override shouldComponentUpdate(next: TileProps): boolean {
    const { device, kind, words } = this.props;
    return next.device !== device || next.kind !== kind || next.words !== words;
  }

  override render() {
    return <li><TileBody {...this.props} /></li>;
  }
}
