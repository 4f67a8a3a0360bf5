// Old readings on their way to a database once more: how far, and how to give it up.
import { useState } from "preact/hooks";
import { api } from "../../api/http";
import type { Job } from "../../api/types";
import { decimal, percent } from "../../format/number";
import { moment } from "../../format/time";
import { useWords } from "../../i18n";
import { Dialog } from "../dialog";
import { OrderNote, useOrder } from "./order";

/** What a person asked for by its days can be asked for again; of the others nobody would think. */
const needsThought = (job: Job): boolean => job.dead_letters_again || job.cause === "cut";

function Sure({ title, onYes, onNo }: { title: string; onYes: () => void; onNo: () => void }) {
  const { data } = useWords().t;
  return (
    <Dialog class="ask" title={data.cancelTitle} onClose={onNo}>
      <p class="ask-text"><b>{title}</b></p>
      <p>{data.cancelWarning}</p>
      <div class="ask-actions">
        <button type="button" class="button" onClick={onYes}>{data.cancelYes}</button>
        <button type="button" class="button button-main" onClick={onNo} autofocus>{data.keepJob}</button>
      </div>
    </Dialog>
  );
}

function Progress({ job, title }: { job: Job; title: string }) {
  const words = useWords();
  const { t, lang } = words;
  const length = job.to_ms - job.from_ms;
  const part = length > 0 ? (job.next_ms - job.from_ms) / length : job.of ? (job.lines + job.dead_letters) / job.of : null;
  const share = part === null ? null : Math.min(1, Math.max(0, part));
  const parts = [t.data.jobSent(decimal(job.lines, 0, lang))];
  if (share !== null) parts.unshift(percent(share, words));
  return (
    <>
      {share === null ? null : <progress max={1} value={share} aria-label={title} />}
      <span class="muted">{parts.join(" · ")}</span>
      {job.dead_letters > 0 ? <span class="warn-text">{t.data.jobRefused(decimal(job.dead_letters, 0, lang))}</span> : null}
    </>
  );
}

function Row({ sink, job, now, onOrder }: { sink: string; job: Job; now: number; onOrder: () => void }) {
  const { t, lang } = useWords();
  const order = useOrder();
  const [asks, setAsks] = useState(false);
  const [from, to] = [moment(job.from_ms, now, lang), moment(job.to_ms, now, lang)];
  const title = job.dead_letters_again ? t.data.jobLetters : (job.cause === "cut" ? t.data.jobCut : t.data.jobSpan)(from, to);
  const cancel = () => {
    setAsks(false);
    void order.give(() => api.cancelJob(sink, job.id)).then(onOrder);
  };
  return (
    <li class="job" data-job={job.id}>
      <div class="job-head">
        <span>{title}</span>
        <button
          type="button" class="button" aria-label={t.data.cancelJob(title)} aria-disabled={order.state.at === "busy" ? "true" : undefined}
          onClick={() => (needsThought(job) ? setAsks(true) : cancel())}
        >
          {t.cancel}
        </button>
      </div>
      <p class="job-progress"><Progress job={job} title={title} /></p>
      {order.state.at === "failed" ? <OrderNote order={order} /> : null}
      {asks ? <Sure title={title} onYes={cancel} onNo={() => setAsks(false)} /> : null}
    </li>
  );
}

export function Jobs({ sink, jobs, now, onOrder }: { sink: string; jobs: readonly Job[]; now: number; onOrder: () => void }) {
  const { data } = useWords().t;
  return jobs.length === 0 ? null : (
    <section class="jobs">
      <h4>{data.jobs}</h4>
      <ul>{jobs.map((job) => <Row key={job.id} sink={sink} job={job} now={now} onOrder={onOrder} />)}</ul>
    </section>
  );
}
