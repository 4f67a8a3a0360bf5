// When nothing came from a source, and why.
import type { Data, Gap, Proof } from "../../api/types";
import { decimal } from "../../format/number";
import { duration, moment } from "../../format/time";
import { useWords } from "../../i18n";
import { GAPS_MAX, isNight } from "./account";

function Row({ gap, data }: { gap: Gap; data: Data }) {
  const { t, say, lang } = useWords();
  const words = t.data;
  const from = moment(gap.from_ms, data.now_ms, lang);
  return (
    <tr class={isNight(gap) ? "is-night" : undefined} data-gap={gap.cause}>
      {/* What reaches the edge of the span goes on beyond it. */}
      <td>{gap.from_ms <= data.from_ms ? words.gapBefore(from) : from}</td>
      <td>{gap.to_ms >= data.to_ms ? words.gapStill : moment(gap.to_ms, data.now_ms, lang)}</td>
      <td>{duration(gap.to_ms - gap.from_ms, t)}</td>
      <td class="cause">{say(gap.text)}</td>
    </tr>
  );
}

/** What else there is to say of its readings. */
function notesOf(source: Proof, span: string, { data }: ReturnType<typeof useWords>["t"], lang: string): string[] {
  const shown = (n: number) => decimal(n, 0, lang);
  const notes = [data.inSpan(span, shown(source.readings))];
  if (source.doubled > 0) notes.push(data.doubled(shown(source.doubled)));
  for (const at of source.sinks) if (at.without_line > 0) notes.push(data.withoutLine(at.sink, shown(at.without_line)));
  return notes;
}

export function Gaps({ source, data, span }: { source: Proof; data: Data; span: string }) {
  const { t, say, lang } = useWords();
  const words = t.data;
  const heads = [words.gapFrom, words.gapTo, words.gapLength, words.gapCause];
  return (
    <>
      {source.gaps.length === 0 ? <p>{words.gapsNone(span)}</p> : (
        <table class="gaps">
          <caption class="visually-hidden">{words.gapsOfSource(say(source.name), span)}</caption>
          <thead><tr>{heads.map((head) => <th key={head} scope="col">{head}</th>)}</tr></thead>
          <tbody>{source.gaps.map((gap) => <Row key={gap.from_ms} gap={gap} data={data} />)}</tbody>
        </table>
      )}
      {source.gaps.length >= GAPS_MAX ? <p class="muted">{words.gapsMore(GAPS_MAX)}</p> : null}
      <p class="muted">{notesOf(source, span, t, lang).join(lang === "zh" ? "" : " ")}</p>
    </>
  );
}
