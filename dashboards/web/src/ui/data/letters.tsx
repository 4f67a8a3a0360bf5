// The lines that a database refused for good, with its reasons, and the button to try them again.
import { api } from "../../api/http";
import type { Letter } from "../../api/types";
import { decimal } from "../../format/number";
import { moment } from "../../format/time";
import { useWords } from "../../i18n";
import { OrderButton, OrderNote, useOrder } from "./order";

/** The newest: a hundred refused alike say no more. */
const SHOWN = 20;

export type NameOf = (device: string) => string;

function Row({ letter, now, nameOf }: { letter: Letter; now: number; nameOf: NameOf }) {
  const { t, lang } = useWords();
  const words = t.data;
  return (
    <tr data-letter={letter.position}>
      <td class="when" data-label={words.letterTime}>{moment(letter.time_ms, now, lang)}</td>
      <td data-label={words.letterDevice}>{letter.device === null ? t.none : nameOf(letter.device)}</td>
      <td class="figure" data-label={words.letterStatus}>{letter.status}</td>
      <td class="figure" data-label={words.letterLines}>{decimal(letter.lines, 0, lang)}</td>
      <td class="letter-words" data-label={words.letterMessage}>
        <span lang="en">{letter.message}</span>
        <code lang="en" title={words.letterLine}>{letter.line}</code>
      </td>
    </tr>
  );
}

export function Letters({ sink, letters, now, nameOf, onOrder }: {
  sink: string; letters: readonly Letter[]; now: number; nameOf: NameOf; onOrder: () => void;
}) {
  const { t, lang } = useWords();
  const words = t.data;
  const order = useOrder();
  const again = () => void order.give(() => api.resend(sink, { dead_letters: true })).then((taken) => { if (taken) onOrder(); });
  const heads = [words.letterTime, words.letterDevice, words.letterStatus, words.letterLines, `${words.letterMessage} / ${words.letterLine}`];
  const left = letters.length - SHOWN;
  // It stays when the list is empty, or its answer to the button would go with it.
  return (
    <section class="letters">
      {letters.length === 0 ? null : (
        <>
          <div class="letters-head">
            <h4>{words.lettersTitle}</h4>
            <OrderButton order={order} busy={words.ordering} onGive={again}>{words.resendLetters}</OrderButton>
          </div>
          <p class="muted">{words.lettersHint}</p>
          <table>
            <thead><tr>{heads.map((head) => <th key={head} scope="col">{head}</th>)}</tr></thead>
            <tbody>{letters.slice(0, SHOWN).map((letter) => <Row key={letter.position} letter={letter} now={now} nameOf={nameOf} />)}</tbody>
          </table>
          {left > 0 ? <p class="muted">{words.lettersMore(decimal(left, 0, lang))}</p> : null}
        </>
      )}
      <OrderNote order={order} taken={words.ordered} />
    </section>
  );
}
