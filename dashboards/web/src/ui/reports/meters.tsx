// The meters of which something can be entered, with what each showed last.
import { useState } from "preact/hooks";
import type { Meter, Reports } from "../../api/reports";
import { decimal } from "../../format/number";
import { momentInYears } from "../../format/time";
import { useWords, type Words } from "../../i18n/reports";
import { AmountDialog } from "./amount-dialog";
import { ReadingDialog } from "./reading-dialog";

export const valueOf = (value: number, unit: string, lang: string): string => `${decimal(value, 3, lang)} ${unit}`;

function lastOf({ last, unit, by_hand }: Meter, now: number, { t, lang }: Words): string {
  if (!by_hand) return t.report.byItself;
  return last ? `${valueOf(last.value, unit, lang)} · ${momentInYears(last.at_ms, now, lang)}` : t.report.never;
}

function Row({ meter, now, onRead, onAmount }: { meter: Meter; now: number; onRead: () => void; onAmount: () => void }) {
  const words = useWords();
  const { t, say } = words;
  const { report } = t;
  const name = say(meter.name);
  return (
    <tr data-meter={meter.id}>
      <th scope="row"><b>{name}</b> <span class="muted">{report.supply[meter.supply]}</span></th>
      <td class={meter.last ? "wide-cell figure" : "wide-cell muted"} data-label={report.lastReading}>{lastOf(meter, now, words)}</td>
      <td class="wide-cell meter-deeds on-screen">
        {meter.by_hand ? <button type="button" class="button button-main" data-deed="read" aria-label={report.readOf(name)} onClick={onRead}>{report.read}</button> : null}
        <button type="button" class="button" data-deed="amount" aria-label={report.amountOf(name)} onClick={onAmount}>{report.amount}</button>
      </td>
    </tr>
  );
}

interface Asked { readonly of: "reading" | "amount"; readonly meter: string }

export function Meters({ reports, onDone }: { reports: Reports; onDone: () => void }) {
  const { report } = useWords().t;
  const [asked, setAsked] = useState<Asked | null>(null);
  const { meters } = reports;
  const end = () => setAsked(null);
  return (
    <section class="card" aria-labelledby="meters-title">
      <div class="card-head"><h3 id="meters-title">{report.metersTitle}</h3></div>
      {meters.length === 0 ? <p class="muted">{report.noMeters}</p> : (
        <table class="desk-table meter-table" aria-labelledby="meters-title">
          <thead><tr><th scope="col">{report.meter}</th><th scope="col">{report.lastReading}</th><th class="on-screen" /></tr></thead>
          <tbody>
            {meters.map((meter) => (
              <Row key={meter.id} meter={meter} now={reports.now_ms} onRead={() => setAsked({ of: "reading", meter: meter.id })} onAmount={() => setAsked({ of: "amount", meter: meter.id })} />
            ))}
          </tbody>
        </table>
      )}
      {asked?.of === "reading" ? <ReadingDialog meters={meters.filter((meter) => meter.by_hand)} first={asked.meter} onClose={end} onDone={onDone} /> : null}
      {asked?.of === "amount" ? <AmountDialog meters={meters} first={asked.meter} onClose={end} onDone={onDone} /> : null}
    </section>
  );
}
