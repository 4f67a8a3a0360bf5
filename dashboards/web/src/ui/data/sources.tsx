// All sources, those that somebody should look at first.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import type { Data, Proof, Sink } from "../../api/types";
import { useWords } from "../../i18n";
import { ChevronIcon } from "../icons";
import { inTrouble, type LettersOf } from "./account";
import { SourceRow, type Table } from "./source-row";
import { SPANS, type Span } from "./span";

/** Below this each source is a block of its own, and those that are fine are many screens of it. */
const FOLDED_BELOW_PX = 961;

/** A row that moves to another part is made anew, and would lose the focus. */
function useKeepFocus() {
  const ref = useRef<HTMLDivElement>(null);
  const active = document.activeElement;
  const device = active && ref.current?.contains(active) ? active.closest<HTMLElement>("[data-source]")?.dataset["source"] : undefined;
  useLayoutEffect(() => {
    if (device === undefined || ref.current?.contains(document.activeElement)) return;
    const rows = Array.from(ref.current?.querySelectorAll<HTMLElement>("[data-source]") ?? []);
    rows.find((row) => row.dataset["source"] === device)?.querySelector("button")?.focus({ preventScroll: true });
  });
  return ref;
}

function Spans({ wanted, onSpan }: { wanted: Span; onSpan: (span: Span) => void }) {
  const { data } = useWords().t;
  return (
    <div class="spans on-screen" role="group" aria-label={data.spanLabel}>
      {SPANS.map((entry) => (
        <button key={entry} type="button" class="chip" aria-pressed={entry === wanted} data-span={entry} onClick={() => onSpan(entry)}>{data.spans[entry]}</button>
      ))}
    </div>
  );
}

function Part({ sources, table, columns, shown = true, children }: {
  sources: readonly Proof[]; table: Table; columns: number; shown?: boolean; children: ComponentChildren;
}) {
  return sources.length === 0 ? null : (
    <tbody>
      <tr class="part"><th scope="rowgroup" colSpan={columns}>{children}<span class="badge">{sources.length}</span></th></tr>
      {shown ? sources.map((source) => <SourceRow key={source.device} source={source} table={table} />) : null}
    </tbody>
  );
}

function useHeads(sinks: readonly Sink[], span: string): string[] {
  const { data } = useWords().t;
  const delivered = sinks.map((sink) => data.deliveredTo(sink.name));
  return [
    data.source, data.read, data.kept, ...delivered, ...(sinks.length > 0 ? [data.refusedShort] : []),
    data.notKeptShort, `${data.gaps} · ${span}`,
  ];
}

function SourcesTable({ table }: { table: Table }) {
  const { t, say, lang } = useWords();
  const heads = useHeads(table.sinks, table.span);
  const [shown, setShown] = useState(window.innerWidth >= FOLDED_BELOW_PX);
  const ref = useKeepFocus();
  const sorted = table.data.sources.slice().sort((a, b) => say(a.name).localeCompare(say(b.name), lang === "zh" ? "zh-CN" : "en", { numeric: true }));
  const trouble = sorted.filter((source) => inTrouble(source, table.letters));
  const fine = sorted.filter((source) => !inTrouble(source, table.letters));
  return (
    <div class="data-scroll" ref={ref}>
      <table class="source-table">
        <thead><tr>{heads.map((head) => <th key={head} scope="col">{head}</th>)}</tr></thead>
        <Part sources={trouble} table={table} columns={heads.length}>{t.data.trouble}</Part>
        <Part sources={fine} table={table} columns={heads.length} shown={shown}>
          <button type="button" class="fold" aria-expanded={shown} onClick={() => setShown(!shown)}><ChevronIcon />{t.data.fine}</button>
        </Part>
      </table>
    </div>
  );
}

/** `wanted` may be on its way still, while `span` is the one that is shown. */
export function Sources({ data, sinks, letters, span, wanted, onSpan }: {
  data: Data; sinks: readonly Sink[]; letters: LettersOf; span: Span; wanted: Span; onSpan: (span: Span) => void;
}) {
  const words = useWords().t.data;
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const turn = (device: string) => {
    const next = new Set(open);
    if (!next.delete(device)) next.add(device);
    setOpen(next);
  };
  const table: Table = { data, sinks, letters, span: words.spans[span], open, onTurn: turn };
  return (
    <section class="card sources" aria-labelledby="sources-title" aria-busy={wanted !== span}>
      <div class="card-head">
        <h2 id="sources-title">{words.sourcesTitle}</h2>
        <span class="badge">{data.sources.length}</span>
        <Spans wanted={wanted} onSpan={onSpan} />
      </div>
      <p class="muted sources-note">{words.sourcesNote}</p>
      {data.sources.length === 0 ? <p class="muted">{words.noSources}</p> : <SourcesTable table={table} />}
    </section>
  );
}
