// Hall name, connection, clock, language, theme, login.
import { useState } from "preact/hooks";
import type { Hall, LockedHall } from "../api/types";
import { clockSeconds, fullDate, moment } from "../format/time";
import { useWords, type Lang } from "../i18n";
import { lastHeard, serverNow } from "../state/clock";
import { ADDRESS, ROUTES, type Route } from "../state/route";
import { logout, noticeFailure } from "../state/session";
import { useTopic } from "../state/store";
import { AutoIcon, Mark, MoonIcon, SunIcon } from "./icons";
import { applyTheme, nextTheme, rememberedTheme, type Theme } from "./theme";
import { Ticking } from "./ticking";
import { SoundSwitch } from "./wall/switch";

function Connection() {
  const { t, lang } = useWords();
  const connection = useTopic("connection");
  const heard = lastHeard();
  const text = connection === "live" ? t.live
    : heard !== null ? t.connectionLost(moment(heard, serverNow(), lang))
    : connection === "down" ? t.connectionNever : t.connecting;
  return (
    <p class={`connection connection-${connection}`} role="status">
      <span class="connection-dot" aria-hidden="true" />
      <span>{text}</span>
    </p>
  );
}

function Clock({ zone }: { zone: string }) {
  const { t, lang } = useWords();
  return (
    <p class="clock" title={t.siteTime(zone)}>
      <Ticking class="clock-date" write={(now) => fullDate(now, lang)} />
      <Ticking class="clock-time" write={(now) => clockSeconds(now, lang)} />
    </p>
  );
}

function Views({ route }: { route: Route }) {
  const { t } = useWords();
  const names: Record<Route, string> = { board: t.navBoard, alerts: t.alerts.title, service: t.service.title, data: t.data.title, reports: t.reports.title };
  return (
    <nav class="views" aria-label={t.navLabel}>
      {ROUTES.map((view) => (
        <a key={view} href={ADDRESS[view]} aria-current={view === route ? "page" : undefined}>{names[view]}</a>
      ))}
    </nav>
  );
}

function ThemeButton() {
  const { t } = useWords();
  const [theme, setTheme] = useState<Theme>(rememberedTheme);
  const label = { auto: t.themeAuto, light: t.themeLight, dark: t.themeDark }[theme];
  const turn = () => {
    const next = nextTheme(theme);
    applyTheme(next);
    setTheme(next);
  };
  return (
    <button type="button" class="icon-button theme-button" onClick={turn} aria-label={label} title={label}>
      {theme === "auto" ? <AutoIcon /> : theme === "light" ? <SunIcon /> : <MoonIcon />}
    </button>
  );
}

function LanguageButton({ onLang }: { onLang: (lang: Lang) => void }) {
  const { t, lang } = useWords();
  const other = lang === "zh" ? "en" : "zh";
  // Named in its own language: who needs the button cannot read the other one.
  return (
    <button
      type="button" class="text-button language-button" title={t.switchLanguage}
      lang={other === "zh" ? "zh-CN" : "en"} onClick={() => onLang(other)}
    >
      {other === "zh" ? "中文" : "English"}
    </button>
  );
}

export function Header({ hall, open, route, onLang }: {
  hall: Hall | LockedHall | null; open: Hall | null; route: Route; onLang: (lang: Lang) => void;
}) {
  const { t, say } = useWords();
  return (
    <header class="top">
      <div class="top-name">
        <Mark />
        <h1>{hall ? say(hall.site.name) : t.appName}</h1>
      </div>
      {open ? <Views route={route} /> : null}
      <div class="top-state">{hall === null || open ? <Connection /> : null}</div>
      <div class="top-tools">
        {open ? <Clock zone={open.site.time_zone} /> : null}
        {open && route === "board" ? <SoundSwitch /> : null}
        <LanguageButton onLang={onLang} />
        <ThemeButton />
        {open?.login_required ? (
          <button type="button" class="text-button" onClick={() => void logout().catch(noticeFailure)}>{t.logout}</button>
        ) : null}
      </div>
    </header>
  );
}
