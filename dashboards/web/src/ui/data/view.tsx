// Was anything lost: the answer, each database, each source, and the recount of a month.
import { useMemo, useState } from "preact/hooks";
import { api } from "../../api/http";
import type { Data } from "../../api/types";
import { age, moment } from "../../format/time";
import { useWords } from "../../i18n";
import { serverNow } from "../../state/clock";
import { useTopic } from "../../state/store";
import { useVisible } from "../../state/visible";
import { useWhileOpen } from "../../state/while-open";
import { Ticking, useStaleMark } from "../ticking";
import { newestSinks, type LettersOf } from "./account";
import { Recount } from "./recount";
import { SinkCard } from "./sink-card";
import { Sources } from "./sources";
import { LENGTH_MS, REREAD_MS, type Span } from "./span";
import { Verdict } from "./verdict";

interface Answer { readonly data: Data; readonly letters: LettersOf; readonly span: Span }

/** So many answers missed, and the figures are old. */
const MISSED = 4;

async function read(span: Span): Promise<Answer> {
  const to = serverNow();
  const data = await api.data(to - LENGTH_MS[span], to);
  const letters = await Promise.all(data.sinks.map(async ({ name }) => [name, (await api.letters(name)).letters] as const));
  return { data, letters: new Map(letters), span };
}

function Trouble({ data, missing }: { data: Data | null; missing: boolean }) {
  const { t, lang } = useWords();
  const text = missing ? t.data.missing
    : data ? t.service.failedSince(moment(data.now_ms, serverNow(), lang)) : t.service.failed;
  return <p class="form-error" role="alert">{text}</p>;
}

function Cards({ answer, wanted, onSpan, onOrder }: { answer: Answer; wanted: Span; onSpan: (span: Span) => void; onOrder: () => void }) {
  const { t, say } = useWords();
  const { data, letters, span } = answer;
  const sinks = newestSinks(data, useTopic("system"));
  const lost = useTopic("connection") === "down";
  const ref = useStaleMark<HTMLDivElement>(lost ? null : data.now_ms, MISSED * REREAD_MS[span]);
  const names = useMemo(() => new Map(data.sources.map((source) => [source.device, source.name])), [data]);
  const nameOf = (device: string) => {
    const name = names.get(device);
    return name ? say(name) : device;
  };
  return (
    <div ref={ref} class="data-cards">
      <Verdict data={data} sinks={sinks} letters={letters} span={t.data.spans[span]} />
      <section class="sinks" aria-labelledby="sinks-title">
        <h2 id="sinks-title" class="visually-hidden">{t.data.sinksTitle}</h2>
        {sinks.length === 0 ? <p class="card" data-testid="no-sink">{t.data.noSink}</p> : sinks.map((sink) => (
          <SinkCard key={sink.name} sink={sink} letters={letters.get(sink.name) ?? []} now={data.now_ms} nameOf={nameOf} onOrder={onOrder} />
        ))}
      </section>
      <Sources data={data} sinks={sinks} letters={letters} span={span} wanted={wanted} onSpan={onSpan} />
      <Recount now={data.now_ms} nameOf={nameOf} />
    </div>
  );
}

export function DataView() {
  const { t } = useWords();
  const [span, setSpan] = useState<Span>("day");
  /** What was ordered shows at once, not with the next round. */
  const [orders, setOrders] = useState(0);
  const lost = useTopic("connection") === "down";
  const { data: answer, failed, missing } = useWhileOpen(useVisible(), () => read(span), REREAD_MS[span], `${lost}/${span}/${orders}`);
  return (
    <main class="data" id="data" tabIndex={-1} aria-labelledby="data-title">
      <header class="service-head">
        <h2 id="data-title">{t.data.title}</h2>
        {answer ? <span class="muted" data-testid="data-age"><Ticking write={(now) => t.service.age(age(now - answer.data.now_ms, t))} /></span> : null}
      </header>
      {failed ? <Trouble data={answer?.data ?? null} missing={missing} /> : null}
      {answer ? <Cards answer={answer} wanted={span} onSpan={setSpan} onOrder={() => setOrders((n) => n + 1)} /> : failed ? null : <p class="loading muted">{t.loading}</p>}
    </main>
  );
}
