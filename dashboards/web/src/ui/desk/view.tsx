// What is done about alerts: who knows, what is to be quiet, who repairs, who was told, how noisy it is, what a rule would say.
import type { Hall } from "../../api/types";
import { useWords } from "../../i18n";
import { ADDRESS, usePart } from "../../state/route";
import { useTopic } from "../../state/store";
import { Channels } from "./channels";
import { NoiseTab } from "./noise";
import { OpenAlerts } from "./open";
import { Orders } from "./orders";
import { RehearsalTab } from "./rehearsal";
import { Silences } from "./silences";
import { TABS, addressOf, type Tab } from "./tabs";

function Tabs({ tab }: { tab: Tab }) {
  const { alerts: words } = useWords().t;
  const open = useTopic("alerts")?.length ?? 0;
  return (
    <nav class="desk-tabs" aria-label={words.tabsLabel}>
      {TABS.map((entry) => (
        <a key={entry} href={entry === "open" ? ADDRESS.alerts : addressOf(entry)} aria-current={entry === tab ? "page" : undefined}>
          {words.tabs[entry]}{entry === "open" ? <span class="badge">{open}</span> : null}
        </a>
      ))}
    </nav>
  );
}

function Shown({ tab, about, hall }: { tab: Tab; about: string | undefined; hall: Hall }) {
  switch (tab) {
    case "open": return <OpenAlerts hall={hall} />;
    case "silences": return <Silences hall={hall} />;
    case "orders": return <Orders hall={hall} about={about} />;
    case "channels": return <Channels />;
    case "noise": return <NoiseTab />;
    case "rehearsal": return <RehearsalTab key={about} about={about} />;
  }
}

export function DeskView({ hall }: { hall: Hall }) {
  const { t } = useWords();
  const [part, about] = usePart();
  const tab = TABS.find((entry) => entry === part) ?? "open";
  return (
    <main class="desk" id="alerts" tabIndex={-1} aria-labelledby="desk-title">
      <h2 class="visually-hidden" id="desk-title">{t.alerts.title}</h2>
      <Tabs tab={tab} />
      <Shown tab={tab} about={about} hall={hall} />
    </main>
  );
}
