// The one page: header, PV, alerts, devices, the gateway's state.
import { useEffect, useMemo, useState } from "preact/hooks";
import { isOpenHall } from "./api/http";
import type { Hall } from "./api/types";
import { setTimeZone } from "./format/time";
import { WordsContext, rememberLang, rememberedLang, useWords, wordsOf } from "./i18n";
import { useTopic } from "./state/store";
import { Alerts } from "./ui/alerts";
import { Devices } from "./ui/devices";
import { Drawer } from "./ui/drawer";
import { Header } from "./ui/header";
import { Login } from "./ui/login";
import { PvCard } from "./ui/pv-card";
import { SystemStrip } from "./ui/system";

/** The tab's title carries the number of alerts, for who works in another tab. */
function Title({ name }: { name: string }) {
  const alerts = useTopic("alerts");
  const n = alerts?.length ?? 0;
  useEffect(() => {
    document.title = n > 0 ? `(${n}) ${name}` : name;
  }, [n, name]);
  return null;
}

function Page({ hall }: { hall: Hall }) {
  const { t, say } = useWords();
  return (
    <>
      {hall.demo ? <p class="demo" role="note"><b>{t.demo}</b>{say(hall.demo)}</p> : null}
      <main class="page">
        <div class="side">
          <PvCard />
          <Alerts />
        </div>
        <Devices hall={hall} />
      </main>
      <SystemStrip version={hall.version} />
      <Drawer hall={hall} />
    </>
  );
}

export function App() {
  const hall = useTopic("hall");
  const [lang, setLang] = useState(rememberedLang);
  const words = useMemo(() => wordsOf(lang), [lang]);
  useEffect(() => rememberLang(lang), [lang]);
  const open = hall && isOpenHall(hall) ? hall : null;
  setTimeZone(open?.site.time_zone);
  return (
    <WordsContext.Provider value={words}>
      <a class="skip" href="#devices">{words.t.skipToDevices}</a>
      <Title name={hall ? words.say(hall.site.name) : words.t.appName} />
      <Header hall={hall} open={open} onLang={setLang} />
      {open ? <Page hall={open} /> : hall ? <Login /> : <p class="loading muted">{words.t.loading}</p>}
    </WordsContext.Provider>
  );
}
