// How well the hall is repaired: per vendor, model and kind.
import { useState } from "preact/hooks";
import { api } from "../../api/http";
import type { Figures as Told, Group } from "../../api/desk";
import type { Hall } from "../../api/types";
import { decimal, percent } from "../../format/number";
import { serviceTime } from "../../format/time";
import { useWords, type Words } from "../../i18n/desk";
import { serverNow } from "../../state/clock";
import { useMedia } from "../../state/media";
import { useVisible } from "../../state/visible";
import { useWhileOpen } from "../../state/while-open";
import { ChevronIcon } from "../icons";
import { useNames, type Names } from "./names";
import { Spans } from "./spans";

const DAY_MS = 86_400_000;
const REREAD_MS = 60_000;
const SPANS = ["30", "90", "365"] as const;
type Span = (typeof SPANS)[number];

type Labelled = readonly (readonly [string, string])[];

function figuresOf(group: Group, words: Words): Labelled {
  const { t, lang } = words;
  const { head } = t.orders;
  return [
    [head.failures, decimal(group.failures, 0, lang)], [head.orders, decimal(group.orders, 0, lang)], [head.closed, decimal(group.closed, 0, lang)], [head.proven, decimal(group.proven, 0, lang)],
    [head.response, serviceTime(group.response_service_ms, t)], [head.responseInTime, percent(group.response_in_time, words)],
    [head.mttr, serviceTime(group.repair_service_ms, t)], [head.inTime, percent(group.repair_in_time, words)],
    [head.first, percent(group.first_time_fix, words)], [head.mtbf, serviceTime(group.mtbf_service_ms, t)],
  ];
}

function Cells({ group }: { group: Group }) {
  const cells = figuresOf(group, useWords());
  return <>{cells.map(([label, value]) => <td key={label} class="figure" data-label={label}>{value}</td>)}</>;
}

/** All models and kinds of the hall are told, also those of which there is nothing to tell. */
const says = (group: Group): boolean => group.orders > 0 || group.failures > 0;

function Groups({ title, groups: all, name }: { title: string; groups: readonly Group[]; name: (key: string) => string }) {
  const groups = all.filter(says);
  return groups.length === 0 ? null : (
    <tbody>
      <tr class="part"><th scope="rowgroup" colSpan={11}>{title}</th></tr>
      {groups.map((group) => <tr key={group.key} data-group={group.key}><th scope="row">{name(group.key)}</th><Cells group={group} /></tr>)}
    </tbody>
  );
}

function Table({ figures, names, vendor }: { figures: Told; names: Names; vendor: (id: string) => string }) {
  const { orders } = useWords().t;
  const { head } = orders;
  const heads = [head.of, head.failures, head.orders, head.closed, head.proven, head.response, head.responseInTime, head.mttr, head.inTime, head.first, head.mtbf];
  return (
    <table class="desk-table">
      <thead><tr>{heads.map((entry) => <th key={entry} scope="col">{entry}</th>)}</tr></thead>
      <tbody><tr data-group="all"><th scope="row"><b>{orders.all}</b></th><Cells group={figures.all} /></tr></tbody>
      <Groups title={orders.byVendor} groups={figures.vendors} name={vendor} />
      <Groups title={orders.byModel} groups={figures.profiles} name={(key) => key} />
      <Groups title={orders.byKind} groups={figures.kinds} name={names.kind} />
    </table>
  );
}

/** A group on a phone: what counts most in its line, the rest when it is opened. */
function Card({ group, name, open = false }: { group: Group; name: string; open?: boolean }) {
  const words = useWords();
  const { t } = words;
  const { head } = t.orders;
  const figures = figuresOf(group, words);
  return (
    <details class="figure-card" data-group={group.key || "all"} open={open}>
      <summary>
        <ChevronIcon /><b>{name}</b>
        <span class="muted">{t.orders.repeatOf(group.orders)}{group.repair_service_ms === null ? null : ` · ${head.mttr} ${serviceTime(group.repair_service_ms, t)}`}</span>
      </summary>
      <dl class="facts">{figures.map(([label, value]) => <div key={label}><dt>{label}</dt><dd>{value}</dd></div>)}</dl>
    </details>
  );
}

function Cards({ figures, names, vendor }: { figures: Told; names: Names; vendor: (id: string) => string }) {
  const { orders } = useWords().t;
  const part = (title: string, all: readonly Group[], name: (key: string) => string) => {
    const groups = all.filter(says);
    return groups.length === 0 ? null : (
      <section>
        <h3>{title}</h3>
        {groups.map((group) => <Card key={group.key} group={group} name={name(group.key)} />)}
      </section>
    );
  };
  return (
    <div class="figure-cards">
      <Card group={figures.all} name={orders.all} open />
      {part(orders.byVendor, figures.vendors, vendor)}
      {part(orders.byModel, figures.profiles, (key) => key)}
      {part(orders.byKind, figures.kinds, names.kind)}
    </div>
  );
}

function More({ figures, names }: { figures: Told; names: Names }) {
  const { orders, alerts } = useWords().t;
  return (
    <div class="desk-columns">
      {figures.repeats.length === 0 ? null : (
        <section>
          <h3>{orders.repeats}</h3>
          <ul class="desk-lines">
            {figures.repeats.map((repeat) => (
              <li key={`${repeat.device}/${repeat.rule}`}><span>{names.device(repeat.device)}{repeat.rule ? ` · ${alerts.ofRule(repeat.rule)}` : ""}</span><b>{orders.repeatOf(repeat.orders.length)}</b></li>
            ))}
          </ul>
        </section>
      )}
      {figures.parts.length === 0 ? null : (
        <section>
          <h3>{orders.partsUsed}</h3>
          <ul class="desk-lines">{figures.parts.map((part) => <li key={part.name}><span data-person>{part.name}</span><b>{orders.times(String(part.count))}</b></li>)}</ul>
        </section>
      )}
    </div>
  );
}

export function Figures({ hall, again }: { hall: Hall; again: number }) {
  const { orders } = useWords().t;
  const [span, setSpan] = useState<Span>("30");
  const names = useNames(hall);
  const visible = useVisible();
  const read = () => {
    // To the next minute: an order made just now is one of them.
    const to = Math.ceil(serverNow() / 60_000) * 60_000;
    return Promise.all([api.figures(to - Number(span) * DAY_MS, to), api.vendors()]);
  };
  const narrow = useMedia("(max-width: 600px)");
  const { data } = useWhileOpen(visible, read, REREAD_MS, `${span}/${again}`);
  if (data === null) return null;
  const [figures, { vendors }] = data;
  const vendor = (id: string) => (id === "" ? orders.noVendor : vendors.find((entry) => entry.id === id)?.name ?? id);
  return (
    <section class="card figures" aria-labelledby="figures-title">
      <div class="card-head">
        <h2 id="figures-title">{orders.figures}</h2>
        <Spans label={orders.spanLabel} spans={SPANS.map((entry) => [entry, orders.spans[entry]] as const)} span={span} onSpan={setSpan} />
      </div>
      {!says(figures.all) ? <p class="muted">{orders.noFigures}</p> : (
        <>
          <p class="muted desk-hint">{orders.figuresHint}</p>
          {narrow ? <Cards figures={figures} names={names} vendor={vendor} /> : <Table figures={figures} names={names} vendor={vendor} />}
          <More figures={figures} names={names} />
        </>
      )}
    </section>
  );
}
