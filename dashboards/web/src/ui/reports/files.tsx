// A report as a page in a new tab, and as files to keep.
import { api, reportAddress, type Saved } from "../../api/http";
import type { Form, Which } from "../../api/reports";
import { useWords } from "../../i18n/reports";
import { OrderNote, useOrder } from "../data/order";

const SAVED: readonly Form[] = ["pdf", "xlsx", "csv"];
/** Long enough for the slowest browser to have begun. */
const FORGET_MS = 60_000;

function keep({ name, content }: Saved): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), FORGET_MS);
}

interface Props { period: string; what: string; which: Which; forms: readonly string[] }

/** A link like any other, but what the daemon says to it is shown here and not instead of the page. */
function SaveLink({ period, what, which, form }: Props & { form: Form }) {
  const { t, lang } = useWords();
  const { report } = t;
  const order = useOrder();
  const busy = order.state.at === "busy";
  const save = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    void order.give(async () => keep(await api.reportFile(period, form, lang, which)));
  };
  return (
    <>
      <a
        class="file" data-form={form} href={reportAddress(period, form, lang, which, true)} download onClick={save}
        aria-label={report.saveOf(what, report.forms[form])} aria-busy={busy ? "true" : undefined}
      >
        {busy ? report.saving : report.forms[form]}
      </a>
      {order.state.at === "failed" ? <OrderNote order={order} /> : null}
    </>
  );
}

export function Files(props: Props) {
  const { t, lang } = useWords();
  const { report } = t;
  const { period, what, which, forms } = props;
  return (
    <span class="files" data-files={period}>
      {forms.indexOf("html") < 0 ? null : (
        <a class="file file-open" data-form="html" href={reportAddress(period, "html", lang, which, false)} target="_blank" rel="noopener" aria-label={report.openOf(what)}>{report.forms.html}</a>
      )}
      {SAVED.filter((form) => forms.indexOf(form) >= 0).map((form) => <SaveLink key={form} {...props} form={form} />)}
    </span>
  );
}
