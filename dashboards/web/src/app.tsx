// The page and its views: the live board (PV, alerts, devices), what is done about alerts, how well the machines serve,
// what became of the data, what a month was.
import { useEffect, useMemo, useState } from "preact/hooks";
import { isOpenHall } from "./api/http";
import type { Hall } from "./api/types";
import { setTimeZone } from "./format/time";
import { WordsContext, rememberLang, rememberedLang, useWords, wordsOf } from "./i18n";
import { ROUTES, useRoute, type Route } from "./state/route";
import { useTopic } from "./state/store";
import { Alerts } from "./ui/alerts";
import { DataView } from "./ui/data/view";
import { Desk } from "./ui/desk";
import { Devices } from "./ui/devices";
import { Drawer } from "./ui/drawer";
import { Header } from "./ui/header";
import { Login } from "./ui/login";
import { PvCard } from "./ui/pv-card";
import { ReportsView } from "./ui/reports";
import { ServiceView } from "./ui/service/view";
import { SystemStrip } from "./ui/system";
import { Announcements, SoundNote } from "./ui/wall/announcements";

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
  const id = route === "board" ? "devices" : route;
  const words: Record<Route, string> = { board: t.skipToDevices, alerts: t.skipToAlerts, service: t.skipToService, data: t.skipToData, reports: t.skipToReports };
  const jump = (event: MouseEvent) => {
    event.preventDefault();
    document.getElementById(id)?.focus();
  };
  return <a class="skip" href={`#${id}`} onClick={jump}>{words[route]}</a>;
}

function View({ hall, route }: { hall: Hall; route: Route }) {
  switch (route) {
    case "board": return <Board hall={hall} />;
    case "alerts": return <Desk hall={hall} />;
    case "service": return <ServiceView hall={hall} />;
    case "data": return <DataView />;
    case "reports": return <ReportsView />;
  }
}

function Page({ hall, route }: { hall: Hall; route: Route }) {
  const { t, say } = useWords();
  return (
    <>
      {hall.demo ? <p class="demo" role="note"><b>{t.demo}</b>{say(hall.demo)}</p> : null}
      {route === "board" ? <><SoundNote /><Announcements /></> : null}
      <View hall={hall} route={route} />
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
    ROUTES.forEach((view) => document.documentElement.classList.toggle(`on-${view}`, view === route));
    window.scrollTo(0, 0);
  }, [route]);
  const open = hall && isOpenHall(hall) ? hall : null;
  setTimeZone(open?.site.time_zone);
  const name = hall ? words.say(hall.site.name) : words.t.appName;
  const view = !open || route === "board" ? null : words.t[route].title;
  return (
    <WordsContext.Provider value={words}>
      <Skip route={route} />
      <Title name={view === null ? name : `${view} · ${name}`} />
      <Header hall={hall} open={open} route={route} onLang={setLang} />
      {open ? <Page hall={open} route={route} /> : hall ? <Login /> : <p class="loading muted">{words.t.loading}</p>}
    </WordsContext.Provider>
  );
}
