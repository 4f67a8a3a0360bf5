// One device on the board. A class, because it must skip rendering unless its own data changed.
import { Component } from "preact";
import type { Device, Point } from "../api/types";
import { pointValue, isFigure } from "../format/point";
import { age } from "../format/time";
import type { Words } from "../i18n";
import { HealthIcon } from "./icons";
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

function Headline({ point, words, first }: { point: Point; words: Words; first: boolean }) {
  const { number, unit } = pointValue(point, words);
  const classes = [first ? "headline headline-first" : "headline", isFigure(point) ? "figure" : "", `quality-${point.quality}`];
  return (
    <span class={classes.join(" ")}>
      <span class="headline-label">{words.label(point.label)}</span>
      <span class="headline-value">{number}{unit ? <small>{unit}</small> : null}</span>
    </span>
  );
}

function TileBody({ device, kind, words, onOpen }: TileProps) {
  const { t, say } = words;
  const ref = useStaleMark<HTMLButtonElement>(device.last_seen_ms, device.stale_after_ms);
  const seen = device.last_seen_ms;
  const subtitle = device.reason ? say(device.reason) : device.state ? `${kind} · ${say(device.state.text)}` : kind;
  return (
    <button ref={ref} type="button" class={`tile health-${device.health}`} data-device={device.id} onClick={() => onOpen(device.id)}>
      <span class="tile-head">
        <span class="tile-name">{say(device.name)}</span>
        <span class="tile-health"><HealthIcon health={device.health} />{t.health[device.health]}</span>
      </span>
      <span class="tile-values">
        {device.points.filter((point) => !SAID.has(point.name)).slice(0, HEADLINES).map((point, i) => (
          <Headline key={point.name} point={point} words={words} first={i === 0} />
        ))}
      </span>
      <span class="tile-foot">
        <span class={device.reason ? "tile-reason" : "tile-state"} title={subtitle}>{subtitle}</span>
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
