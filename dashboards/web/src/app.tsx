// The page and its two views: the live board (PV, alerts, devices) and how well the machines serve.
import { useEffect, useMemo, useState } from "preact/hooks";
import { isOpenHall } from "./api/http";
import type { Hall } from "./api/types";
import { setTimeZone } from "./format/time";
import { WordsContext, rememberLang, rememberedLang, useWords, wordsOf } from "./i18n";
import { useRoute, type Route } from "./state/route";
import { useTopic } from "./state/store";
import { Alerts } from "./ui/alerts";
import { Devices } from "./ui/devices";
import { Drawer } from "./ui/drawer";
import { Header } from "./ui/header";
import { Login } from "./ui/login";
import { PvCard } from "./ui/pv-card";
import { ServiceView } from "./ui/service/view";
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

function Board({ hall }: { hall: Hall }) {
  return (
    <main class="page">
      <div class="side">
        <PvCard />
        <Alerts />
      </div>
      <Devices hall={hall} />
    </main>
  );
}

/** Jumps over the header. Not by the address: that says which view is shown. */
function Skip({ route }: { route: Route }) {
  const { t } = useWords();
  const id = route === "board" ? "devices" : "service";
  const jump = (event: MouseEvent) => {
    event.preventDefault();
    document.getElementById(id)?.focus();
  };
  return <a class="skip" href={`#${id}`} onClick={jump}>{route === "board" ? t.skipToDevices : t.skipToService}</a>;
}

function Page({ hall, route }: { hall: Hall; route: Route }) {
  const { t, say } = useWords();
  return (
    <>
      {hall.demo ? <p class="demo" role="note"><b>{t.demo}</b>{say(hall.demo)}</p> : null}
      {route === "board" ? <Board hall={hall} /> : <ServiceView hall={hall} />}
      <SystemStrip version={hall.version} />
      <Drawer hall={hall} />
    </>
  );
}

export function App() {
  const hall = useTopic("hall");
  const route = useRoute();
  const [lang, setLang] = useState(rememberedLang);
  const words = useMemo(() => wordsOf(lang), [lang]);
  useEffect(() => rememberLang(lang), [lang]);
  useEffect(() => {
    // For what is printed.
    document.documentElement.classList.toggle("on-service", route === "service");
    window.scrollTo(0, 0);
  }, [route]);
  const open = hall && isOpenHall(hall) ? hall : null;
  setTimeZone(open?.site.time_zone);
  const name = hall ? words.say(hall.site.name) : words.t.appName;
  return (
    <WordsContext.Provider value={words}>
      <Skip route={route} />
      <Title name={open && route === "service" ? `${words.t.service.title} · ${name}` : name} />
      <Header hall={hall} open={open} route={route} onLang={setLang} />
      {open ? <Page hall={open} route={route} /> : hall ? <Login /> : <p class="loading muted">{words.t.loading}</p>}
    </WordsContext.Provider>
  );
}
