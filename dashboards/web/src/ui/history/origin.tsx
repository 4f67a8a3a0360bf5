// Where the numbers come from, where that is not simply this gateway.
import type { PastPart } from "../../api/past";
import { momentInYears } from "../../format/time";
import { useWords, type Words } from "../../i18n";
import { serverNow } from "../../state/clock";

function sentence(part: PastPart, parts: readonly PastPart[], { t, lang }: Words): string {
  const now = serverNow();
  const [from, to] = [momentInYears(part.from_ms, now, lang), momentInYears(part.to_ms, now, lang)];
  const [first, last] = [part === parts[0], part === parts[parts.length - 1]];
  if (part.origin === "influx") return last ? t.history.fromSink(part.sink ?? "") : t.history.fromSinkBefore(to, part.sink ?? "");
  // Nothing at all: the chart says that already, and only the reason is news.
  if (first && last) return "";
  return first ? t.history.noneBefore(to) : t.history.noneBetween(from, to);
}

export function Origin({ parts }: { parts: readonly PastPart[] }) {
  const words = useWords();
  const lines = parts.filter((part) => part.origin !== "here").map((part) => ({ part, text: sentence(part, parts, words) }));
  const told = lines.filter(({ part, text }) => text !== "" || part.problem !== null);
  return told.length === 0 ? null : (
    <ul class="past-origin">
      {told.map(({ part, text }) => (
        <li key={part.from_ms} data-origin={part.origin}>
          {text}
          {part.hint === null ? null : <span class="hint">{words.say(part.hint)}</span>}
          {part.problem === null ? null : <code lang="en">{part.problem}</code>}
        </li>
      ))}
    </ul>
  );
}
