// The kinds of machines at a glance: how many of how many serve.
import { isOfPart, type KindAtWork } from "../../api/service";
import type { Health } from "../../api/types";
import { percent } from "../../format/number";
import { useWords } from "../../i18n";
import { KindIcon } from "../kind-icon";

function health({ serving, of }: KindAtWork): Health {
  return serving === of ? "ok" : serving === 0 ? "fault" : "degraded";
}

export function KindsCard({ kinds }: { kinds: readonly KindAtWork[] }) {
  const words = useWords();
  const { t, label } = words;
  return (
    <section class="kinds" aria-label={t.service.kindsTitle}>
      <dl>
        {kinds.map((kind) => (
          <div key={kind.kind} class={`kind health-${health(kind)}`} data-kind={kind.kind}>
            <dt title={label(kind.text)}><KindIcon kind={kind.kind} /><span>{label(kind.text)}</span></dt>
            <dd>
              <b>{t.service.servingOf(kind.serving, kind.of)}</b>
              <small class="muted" title={t.service.availabilityMonth}>{t.service.thisMonth(percent(kind.month.availability, words))}</small>
              {isOfPart(kind.month) ? <small class="muted">{t.service.unseenShare(percent(kind.month.unknown_ms / kind.month.service_ms, words))}</small> : null}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
