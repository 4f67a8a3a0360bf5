// A device's registers as they came over the wire, for whoever holds the maker's manual.
import { useState } from "preact/hooks";
import { api } from "../api/http";
import type { Register } from "../api/types";
import { useWords } from "../i18n";
import { useWhileOpen } from "../state/while-open";

/** Words of a long text that are shown. */
const WORDS_MAX = 4;

function Row({ register }: { register: Register }) {
  const { t, say, label } = useWords();
  const { words, value } = register;
  const shown = register.text ? label(register.text) : value === null ? t.none : value === "" ? t.noneSet : String(value);
  return (
    <tr class={`quality-${register.quality}`}>
      <th scope="row">{label(register.label)}<code>{register.vendor || register.name}</code></th>
      <td><code>{register.function}:{register.address}</code></td>
      <td><code>{words.slice(0, WORDS_MAX).join(" ")}{words.length > WORDS_MAX ? " …" : ""}</code></td>
      <td class="figure">{shown}{value !== null && register.unit ? <small>{register.unit}</small> : null}</td>
      <td><span class="quality" title={register.reason ? say(register.reason) : undefined}>{t.registerQuality[register.quality]}</span></td>
    </tr>
  );
}

export function Registers({ id }: { id: string }) {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  const { data, failed } = useWhileOpen(open, () => api.registers(id));
  const heads = [t.point, t.registerAt, t.registerRaw, t.value, t.qualityTitle];
  return (
    <section>
      <details class="registers" data-testid="registers" onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{t.registers}</summary>
        {failed ? <p class="muted" role="alert">{t.registersFailed}</p> : null}
        {data ? (
          <table>
            <thead><tr>{heads.map((head) => <th key={head} scope="col">{head}</th>)}</tr></thead>
            <tbody>{data.registers.map((register) => <Row key={`${register.function}/${register.address}/${register.name}`} register={register} />)}</tbody>
          </table>
        ) : failed ? null : <p class="muted">{t.loading}</p>}
      </details>
    </section>
  );
}
