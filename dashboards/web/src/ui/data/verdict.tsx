// The answer in one sentence, and below it what one has to know to believe it.
import type { Data, Health, Sink } from "../../api/types";
import { decimal } from "../../format/number";
import { clockTime, fullDate } from "../../format/time";
import { useWords, type Words } from "../../i18n";
import { HealthIcon } from "../icons";
import { LETTERS_MAX, gapSum, linesOf, type LettersOf } from "./account";

interface Answer { readonly health: Health; readonly text: string; readonly refused: boolean }

function answerOf(data: Data, letters: LettersOf, { t, lang }: Words): Answer {
  const words = t.data;
  const notKept = data.sources.reduce((sum, source) => sum + source.not_kept, 0);
  const lists = Array.from(letters.values());
  const lines = lists.reduce((sum, list) => sum + linesOf(list), 0);
  const shown = decimal(lines, 0, lang);
  const parts: string[] = [];
  if (notKept > 0) parts.push(words.notKept(decimal(notKept, 0, lang)));
  if (lines > 0) parts.push(words.waitsForPerson(lists.some((list) => list.length >= LETTERS_MAX) ? words.atLeast(shown) : shown));
  return {
    health: notKept > 0 ? "fault" : lines > 0 ? "degraded" : "ok",
    text: parts.length === 0 ? words.nothingLost : parts.join(words.and), refused: lines > 0,
  };
}

function notes(data: Data, sinks: readonly Sink[], span: string, refused: boolean, { t, lang }: Words): string[] {
  const words = t.data;
  const found: string[] = [];
  if (refused) found.push(words.refusedIsSafe);
  if (sinks.some((sink) => sink.jobs.some((job) => job.dead_letters_again))) found.push(words.sendingAgain);
  // The database that is furthest behind: the same readings wait for each of them.
  const waiting = Math.max(0, ...sinks.map((sink) => sink.lag_readings));
  if (waiting > 0) found.push(words.onTheWay(decimal(waiting, 0, lang)));
  const sums = data.sources.map((source) => gapSum(source.gaps)).filter((sum) => sum.count > 0);
  if (sums.length > 0) found.push(words.gapsOf(words.lastSpan(span), sums.reduce((n, sum) => n + sum.count, 0), sums.length));
  const since = data.counted_since_ms;
  found.push(since === null ? words.countedFromFirst : words.countedSince(`${fullDate(since, lang)} ${clockTime(since, lang)}`));
  return found;
}

export function Verdict({ data, sinks, letters, span }: { data: Data; sinks: readonly Sink[]; letters: LettersOf; span: string }) {
  const words = useWords();
  const { health, text, refused } = answerOf(data, letters, words);
  return (
    <section class={`verdict health-${health}`}>
      <HealthIcon health={health} />
      <div>
        <p class="verdict-text" role="status" data-testid="verdict">{text}</p>
        {notes(data, sinks, span, refused, words).map((note) => <p key={note} class="muted">{note}</p>)}
      </div>
    </section>
  );
}
