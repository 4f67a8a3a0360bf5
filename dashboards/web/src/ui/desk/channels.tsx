// The channels by which people are told: do they work, and a message to try them.
import { useState } from "preact/hooks";
import { api } from "../../api/http";
import type { Channel } from "../../api/desk";
import { decimal } from "../../format/number";
import { moment } from "../../format/time";
import { useWords } from "../../i18n";
import { useVisible } from "../../state/visible";
import { useWhileOpen } from "../../state/while-open";
import { OrderButton, OrderNote, useOrder } from "../data/order";
import { HealthIcon } from "../icons";
import { Trouble } from "./trouble";

const REREAD_MS = 10_000;

function Card({ channel, now, onTest }: { channel: Channel; now: number; onTest: () => void }) {
  const { t, say, lang } = useWords();
  const { alerts: words } = t;
  const order = useOrder();
  const kinds = words.channelKind as Readonly<Record<string, string>>;
  const ok = channel.health === "ok";
  const health = ok ? "ok" : "fault";
  const id = `channel-${channel.name}`;
  const test = () => void order.give(() => api.testChannel(channel.name)).then(onTest);
  return (
    <section class="card channel" data-channel={channel.name} aria-labelledby={id}>
      <div class="card-head">
        <h3 id={id} data-person>{channel.name}</h3>
        <span class="pill">{kinds[channel.kind] ?? channel.kind}</span>
        <b class={`sink-state health-${health}`}><HealthIcon health={health} />{words.health[channel.health]}</b>
      </div>
      <dl class="facts">
        <div><dt>{words.waiting}</dt><dd class={channel.waiting > 0 ? "warn-text" : undefined}>{words.messages(decimal(channel.waiting, 0, lang))}</dd></div>
        <div><dt>{words.delivered}</dt><dd>{channel.delivered_ms === null ? words.never : moment(channel.delivered_ms, now, lang)}</dd></div>
      </dl>
      {ok ? null : (
        <div class="last-error is-now">
          {channel.failing_since_ms === null ? null : <p class="muted">{words.failingSince(moment(channel.failing_since_ms, now, lang), decimal(channel.tries, 0, lang))}</p>}
          {channel.why ? <p>{say(channel.why)}</p> : null}
        </div>
      )}
      <div class="channel-test">
        <OrderButton order={order} busy={words.testing} onGive={test}>{words.test}</OrderButton>
        <OrderNote order={order} taken={words.tested} />
      </div>
    </section>
  );
}

export function Channels() {
  const { t } = useWords();
  const [tested, setTested] = useState(0);
  const { data, failed, missing } = useWhileOpen(useVisible(), api.channels, REREAD_MS, tested);
  return (
    <>
      <Trouble failed={failed} missing={missing} />
      {data === null ? (failed ? null : <p class="loading muted">{t.loading}</p>) : data.channels.length === 0 ? <p class="card muted">{t.alerts.channelsNone}</p> : null}
      <div class="channels">
        {(data?.channels ?? []).map((channel) => <Card key={channel.name} channel={channel} now={data?.now_ms ?? 0} onTest={() => setTested((n) => n + 1)} />)}
      </div>
    </>
  );
}
