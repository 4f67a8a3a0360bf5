// What kind of day it is, each zone's hours, and whether the coming year's holidays are known.
import type { Service, ZoneHours } from "../../api/service";
import { coming } from "../../format/time";
import { useWords } from "../../i18n";
import { SeverityIcon } from "../icons";

function Hours({ zone, now }: { zone: ZoneHours; now: number }) {
  const words = useWords();
  const { t, say } = words;
  const change = zone.open ? zone.closes_ms : zone.opens_ms;
  const when = change === null ? null : (zone.open ? t.service.closesAt : t.service.opensAt)(coming(change, now, words));
  return (
    <div data-hours={zone.zone}>
      <dt>{say(zone.name)}</dt>
      <dd class={zone.open ? "tone-ok" : undefined}>
        {zone.always ? <b>{t.service.always}</b> : (
          <><b>{zone.open ? t.service.open : t.service.closed}</b>{when === null ? null : <span class="muted">{when}</span>}</>
        )}
      </dd>
    </div>
  );
}

export function DayCard({ service }: { service: Service }) {
  const { t, label } = useWords();
  const { today, missing_year: year } = service.calendar;
  return (
    <section class="card day" aria-labelledby="day-title">
      <div class="card-head">
        <h2 id="day-title">{t.service.dayTitle}</h2>
        {today ? <span class="pill" data-testid="today">{label(today)}</span> : null}
      </div>
      {year === null ? null : (
        <p class="day-warning sev-minor" data-testid="missing-year">
          <SeverityIcon severity="minor" />
          <span><b>{t.service.missingYear(year)}</b> {t.service.missingYearHint}</span>
        </p>
      )}
      <dl class="hours">{service.opening.zones.map((zone) => <Hours key={zone.zone} zone={zone} now={service.now_ms} />)}</dl>
    </section>
  );
}
