// The main figures of a report, and why one is missing.
import type { Figure, Report } from "../../api/reports";
import { decimal } from "../../format/number";
import { useWords, type Words } from "../../i18n/reports";

interface Line { readonly key: string; readonly label: string; readonly figure: Figure; readonly write: (value: number) => string; readonly before?: Figure | undefined }

/** Small figures need their decimals, large ones hide behind them. */
function measured(value: number, unit: string, lang: string): string {
  const size = Math.abs(value);
  return `${decimal(value, size < 10 ? 2 : size < 1_000 ? 1 : 0, lang)} ${unit}`;
}

function linesOf({ electricity, before: then, roof, supplies, carbon }: Report, words: Words): Line[] {
  // What is known in part is not compared.
  const before = electricity.per_day_kwh.value === null || (then?.per_day_kwh.value ?? null) === null ? null : then;
  const { t, lang } = words;
  const { report } = t;
  const of = (unit: string) => (value: number) => measured(value, unit, lang);
  // Rounded as on paper.
  const share = (value: number) => `${decimal(Math.round(value * 1_000 + 1e-9) / 10, 1, lang, true)}%`;
  const kwh = of("kWh");
  const lines: Line[] = [
    { key: "total_kwh", label: report.total, figure: electricity.total_kwh, write: kwh, before: before?.total_kwh },
    { key: "import_kwh", label: report.import, figure: electricity.import_kwh, write: kwh, before: before?.import_kwh },
    { key: "pv_kwh", label: report.pv, figure: electricity.pv_kwh, write: kwh, before: before?.pv_kwh },
    { key: "export_kwh", label: report.export, figure: electricity.export_kwh, write: kwh, before: before?.export_kwh },
    { key: "per_day_kwh", label: report.perDay, figure: electricity.per_day_kwh, write: kwh, before: before?.per_day_kwh },
    { key: "renewable_share", label: report.renewable, figure: electricity.renewable_share, write: share },
  ];
  if (roof) {
    lines.push({ key: "pr", label: report.pr, figure: roof.plant.pr, write: share });
    lines.push({ key: "final_yield_h", label: report.yield, figure: roof.plant.final_yield_h, write: of("h") });
  }
  for (const { supply, unit, total } of supplies ?? []) {
    const names: Readonly<Record<string, string>> = report.supply;
    lines.push({ key: `supply-${supply}`, label: report.used(names[supply] ?? supply), figure: total, write: of(unit) });
  }
  lines.push({ key: "grid_kg", label: report.carbon, figure: carbon.grid_kg, write: of("kg") });
  return lines;
}

function changeOf({ figure, before }: Line, { t, lang }: Words): string | null {
  const then = before?.value ?? null;
  if (figure.value === null || then === null || then <= 0) return null;
  const change = figure.value / then - 1;
  return t.report.change(`${change > 0 ? "+" : ""}${decimal(change * 100, 1, lang)}%`);
}

export function Figures({ report }: { report: Report }) {
  const words = useWords();
  const { t, say } = words;
  return (
    <dl class="facts report-facts">
      {linesOf(report, words).map((line) => {
        const { key, label, figure, write } = line;
        const change = changeOf(line, words);
        return (
          <div key={key} data-figure={key}>
            <dt>{label}</dt>
            <dd>
              {figure.value === null ? <span class="muted" aria-label={t.report.noValue}>{t.none}</span> : write(figure.value)}
              {figure.why ? <small class="muted">{say(figure.why)}</small> : change ? <small class="muted">{change}</small> : null}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
