// One source: what became of its readings. Opened, it tells when nothing came.
import type { Data, Proof, Sink } from "../../api/types";
import { decimal } from "../../format/number";
import { duration } from "../../format/time";
import { useWords } from "../../i18n";
import { ChevronIcon } from "../icons";
import { gapSum, owed, refusalOpen, refusedOf, type LettersOf } from "./account";
import { Gaps } from "./gaps";

/** What all rows have in common. */
export interface Table {
  readonly data: Data;
  readonly sinks: readonly Sink[];
  readonly letters: LettersOf;
  readonly span: string;
  readonly open: ReadonlySet<string>;
  readonly onTurn: (device: string) => void;
}

function GapsCell({ source, label }: { source: Proof; label: string }) {
  const { t } = useWords();
  const { count, ms, nights, more } = gapSum(source.gaps);
  return (
    <td class="gaps-sum" data-label={label}>
      {count > 0 ? <span class="warn-text">{t.data.gapsSum(count, more, duration(ms, t))}</span> : nights === 0 ? <span class="muted">{t.data.noGaps}</span> : null}
      {nights > 0 ? <small class="muted">{t.data.nights(nights)}</small> : null}
    </td>
  );
}

function SinkCells({ source, sinks, letters }: { source: Proof; sinks: readonly Sink[]; letters: LettersOf }) {
  const { t, lang } = useWords();
  const shown = (n: number) => decimal(n, 0, lang);
  if (sinks.length === 0) return null;
  return (
    <>
      {sinks.map(({ name }) => {
        const left = owed(source, name);
        const at = source.sinks.find((entry) => entry.sink === name);
        return (
          <td key={name} class="figure" data-label={t.data.deliveredTo(name)}>
            {shown(at ? at.delivered + at.recovered : 0)}{left > 0 ? <small class="muted">{t.data.owed(shown(left))}</small> : null}
          </td>
        );
      })}
      <td class={refusalOpen(source, letters) ? "figure warn-text" : "figure"} data-label={t.data.refusedShort}>{shown(refusedOf(source))}</td>
    </>
  );
}

export function SourceRow({ source, table }: { source: Proof; table: Table }) {
  const { t, say, lang } = useWords();
  const { data, sinks, letters, span } = table;
  const words = t.data;
  const open = table.open.has(source.device);
  const id = `gaps-${source.device}`;
  const columns = 5 + (sinks.length > 0 ? sinks.length + 1 : 0);
  return (
    <>
      <tr data-source={source.device}>
        <th scope="row">
          <button type="button" class="fold" aria-expanded={open} aria-controls={id} onClick={() => table.onTurn(source.device)}>
            <ChevronIcon />{say(source.name)}
          </button>
        </th>
        <td class="figure" data-label={words.read}>{decimal(source.read, 0, lang)}</td>
        <td class="figure" data-label={words.kept}>{decimal(source.kept, 0, lang)}</td>
        <SinkCells source={source} sinks={sinks} letters={letters} />
        <td class={source.not_kept > 0 ? "figure bad-text" : "figure"} data-label={words.notKeptShort}>{decimal(source.not_kept, 0, lang)}</td>
        <GapsCell source={source} label={`${words.gaps} · ${span}`} />
      </tr>
      {open ? <tr class="opened" id={id}><td colSpan={columns}><Gaps source={source} data={data} span={span} /></td></tr> : null}
    </>
  );
}
