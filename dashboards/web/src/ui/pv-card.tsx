// What the roof makes now and has made today.
import type { ComponentChildren } from "preact";
import type { Pv } from "../api/types";
import { decimal, joined, quantity } from "../format/number";
import { clockTime, moment, timeOrNone } from "../format/time";
import { useWords } from "../i18n";
import { useTopic } from "../state/store";
import { ElevationIcon, SunriseIcon, SunsetIcon } from "./icons";
import { PvCurve } from "./pv-curve";
import { useStaleMark } from "./ticking";

/** The stream sends PV every 5 s; a minute without it means the figures are old. */
const STALE_AFTER_MS = 60_000;

function Fact({ label, icon, children }: { label: string; icon?: ComponentChildren; children: ComponentChildren }) {
  return (
    <div class="fact">
      <dt>{icon}{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function PowerNow({ pv }: { pv: Pv }) {
  const { t, lang } = useWords();
  const share = pv.power_w === null || pv.rated_power_w <= 0 ? null : (pv.power_w / pv.rated_power_w) * 100;
  // A sleeping plant makes 0 kW: the unit should not change at dusk.
  const power = pv.power_w === null ? null : pv.power_w === 0 ? { number: "0", unit: "kW" } : quantity(pv.power_w, "W", lang);
  const percent = share === null ? t.none : `${decimal(share, share < 10 && share > 0 ? 1 : 0, lang)}%`;
  return (
    <div class="power">
      <p class="label">{t.powerNow}</p>
      <p class="power-value" data-testid="pv-power">
        {power ? <>{power.number}<small>{power.unit}</small></> : <>{t.none}<small>{t.noValue}</small></>}
      </p>
      <div class="meter" aria-hidden="true">
        <span style={{ width: `${Math.min(100, Math.max(0, share ?? 0))}%` }} />
      </div>
      <p class="muted">{t.ofRated(percent, joined(quantity(pv.rated_power_w, "W", lang)))}</p>
      {pv.sun.elevation_deg < 0 ? <p class="muted">{t.belowHorizon}</p> : null}
    </div>
  );
}

function highest(pv: Pv): readonly [number, number] | null {
  let best: readonly [number, number] | null = null;
  for (const [ms, watts] of pv.curve) if (watts !== null && watts > (best?.[1] ?? 0)) best = [ms, watts];
  return best;
}

function Facts({ pv }: { pv: Pv }) {
  const words = useWords();
  const { t, lang } = words;
  const energy = pv.energy_today_wh === null ? t.none : joined(quantity(pv.energy_today_wh, "Wh", lang));
  const peak = highest(pv);
  const missing = pv.inverters_reporting < pv.inverters_total;
  return (
    <dl class="facts">
      <Fact label={t.energyToday}>
        {energy}
        {pv.energy_today_since_ms === null ? null
          : <small class="note">{t.energySince(moment(pv.energy_today_since_ms, pv.now_ms, lang))}</small>}
      </Fact>
      <Fact label={t.peakToday}>
        {peak ? <>{joined(quantity(peak[1], "W", lang))}<small class="note">{clockTime(peak[0], lang)}</small></> : t.none}
      </Fact>
      <Fact label={t.inverters}>
        <span class={missing ? "warn-text" : undefined}>{t.inverterCount(pv.inverters_reporting, pv.inverters_total)}</span>
        <small class="note">{t.invertersNote}</small>
      </Fact>
      <Fact label={t.sunElevation} icon={<ElevationIcon />}>
        {decimal(pv.sun.elevation_deg, 1, lang, true)}°
      </Fact>
      <Fact label={t.sunrise} icon={<SunriseIcon />}>{timeOrNone(pv.sun.sunrise_ms, words)}</Fact>
      <Fact label={t.sunset} icon={<SunsetIcon />}>{timeOrNone(pv.sun.sunset_ms, words)}</Fact>
    </dl>
  );
}

function PvBody({ pv }: { pv: Pv }) {
  const lost = useTopic("connection") === "down";
  const ref = useStaleMark<HTMLDivElement>(lost ? null : pv.now_ms, STALE_AFTER_MS);
  return (
    <div ref={ref} class="pv-body">
      <div class="pv-figures">
        <PowerNow pv={pv} />
        <Facts pv={pv} />
      </div>
      <PvCurve pv={pv} peak={highest(pv)} />
    </div>
  );
}

export function PvCard() {
  const { t } = useWords();
  const pv = useTopic("pv");
  return (
    <section class="card pv" aria-labelledby="pv-title">
      <h2 id="pv-title">{t.pvTitle}</h2>
      {pv ? <PvBody pv={pv} /> : <p class="muted">{t.loading}</p>}
    </section>
  );
}
