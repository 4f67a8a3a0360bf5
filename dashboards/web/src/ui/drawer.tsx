// Everything about one device, beside the board.
import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "../api/http";
import type { Device, Hall, Point } from "../api/types";
import { isFigure, pointValue } from "../format/point";
import { age, moment } from "../format/time";
import { useWords } from "../i18n";
import { noticeFailure } from "../state/session";
import { serverNow } from "../state/clock";
import { put, useTopic } from "../state/store";
import { AckDialog } from "./ack-dialog";
import { AlertRow } from "./alert-row";
import { Dialog } from "./dialog";
import { History } from "./history/section";
import { HealthIcon, SeverityIcon } from "./icons";
import { Registers } from "./registers";
import { Ticking, useStaleMark } from "./ticking";
import type { Alert } from "../api/types";

/** The stream carries the headline points only; all points are re-read at most this often. */
const REREAD_MS = 2_000;

/** The device, read again whenever the stream says that it changed; at first it has its headline points only. */
function useDevice(id: string): { device: Device | null; whole: boolean; failed: boolean } {
  const devices = useTopic("devices");
  const headline = devices?.find((entry) => entry.id === id) ?? null;
  const [full, setFull] = useState<Device | null>(null);
  const [failed, setFailed] = useState(false);
  const readAt = useRef(0);
  useEffect(() => {
    let gone = false;
    const wait = Math.max(0, readAt.current + REREAD_MS - Date.now());
    const timer = setTimeout(() => {
      readAt.current = Date.now();
      api.device(id).then((answer) => {
        if (gone) return;
        setFull(answer.device);
        setFailed(false);
      }, (error: unknown) => {
        noticeFailure(error);
        if (!gone) setFailed(true);
      });
    }, Math.min(wait, REREAD_MS));
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [id, headline]);
  // Health and age come with the stream; the points come with the detail.
  const device = headline && full ? { ...headline, points: full.points, faults: full.faults } : full ?? headline;
  return { device, whole: full !== null, failed };
}

function Overview({ device, hall }: { device: Device; hall: Hall }) {
  const { t, say, label } = useWords();
  const zone = hall.zones.find((entry) => entry.id === device.zone);
  const kind = hall.kinds.find((entry) => entry.id === device.kind);
  const seen = device.last_seen_ms;
  return (
    <>
      <p class={`drawer-health health-${device.health}`}>
        <HealthIcon health={device.health} /><b>{t.health[device.health]}</b>
        {device.reason ? <span>{say(device.reason)}</span> : null}
      </p>
      <dl class="pairs">
        <div><dt>{t.lastReading}</dt><dd><Ticking write={(now) => (seen === null ? t.neverHeard : age(now - seen, t))} /></dd></div>
        <div>
          <dt>{t.link}</dt>
          <dd class={device.link.up ? undefined : "warn-text"}>
            {device.link.up ? t.linkUp : device.link.reason ? say(device.link.reason) : t.linkDown}
          </dd>
        </div>
        {device.state ? <div><dt>{t.stateNow}</dt><dd>{label(device.state.text)}</dd></div> : null}
        <div><dt>{t.zone}</dt><dd>{zone ? say(zone.name) : device.zone || t.zoneUnknown}</dd></div>
        <div><dt>{t.kind}</dt><dd>{kind ? say(kind.name) : device.kind}</dd></div>
        <div><dt>{t.deviceId}</dt><dd><code>{device.id}</code></dd></div>
        <div><dt>{t.profile}</dt><dd><code>{device.profile}</code></dd></div>
      </dl>
    </>
  );
}

function PointRow({ point }: { point: Point }) {
  const words = useWords();
  const { number, unit } = pointValue(point, words, 4);
  return (
    <tr class={`quality-${point.quality}`}>
      <th scope="row">{words.label(point.label)}</th>
      <td class={isFigure(point) ? "figure" : undefined}>{number}{unit ? <small>{unit}</small> : null}</td>
      <td><span class="quality">{words.t.quality[point.quality]}</span></td>
    </tr>
  );
}

function Points({ device }: { device: Device }) {
  const { t } = useWords();
  const ref = useStaleMark<HTMLTableElement>(device.last_seen_ms, device.stale_after_ms);
  return (
    <section>
      <h3>{t.points}</h3>
      {device.points.length === 0 ? <p class="muted">{t.noPoints}</p> : (
        <table ref={ref} class="points">
          <thead><tr><th scope="col">{t.point}</th><th scope="col">{t.value}</th><th scope="col">{t.qualityTitle}</th></tr></thead>
          <tbody>{device.points.map((point) => <PointRow key={point.name} point={point} />)}</tbody>
        </table>
      )}
    </section>
  );
}

function Faults({ device }: { device: Device }) {
  const { t, say } = useWords();
  return (
    <section>
      <h3>{t.faults}</h3>
      {device.faults.length === 0 ? <p class="muted">{t.noFaults}</p> : (
        <ul class="faults">
          {device.faults.map((fault) => (
            <li key={fault.code} class={`sev-${fault.severity}`}>
              <span class="severity"><SeverityIcon severity={fault.severity} />{t.severity[fault.severity]}</span>
              <span>{say(fault.text)}</span><code>{t.faultCode(fault.code)}</code>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function CounterEvents({ device }: { device: Device }) {
  const { t, say, lang } = useWords();
  const events = device.counter_events ?? [];
  return events.length === 0 ? null : (
    <section>
      <h3>{t.counterEvents}</h3>
      <ul class="faults">
        {events.map((event) => (
          <li key={`${event.point}-${event.at_ms}`}>
            <span>{say(event.text)}</span><code>{moment(event.at_ms, serverNow(), lang)}</code>
          </li>
        ))}
      </ul>
    </section>
  );
}

function ItsAlerts({ id, onAcknowledge }: { id: string; onAcknowledge: (alert: Alert) => void }) {
  const { t } = useWords();
  const alerts = (useTopic("alerts") ?? []).filter((alert) => alert.device === id);
  return (
    <section>
      <h3>{t.itsAlerts}</h3>
      {alerts.length === 0 ? <p class="muted">{t.noItsAlerts}</p> : (
        <ul class="alert-list">{alerts.map((alert) => <AlertRow key={alert.id} alert={alert} onAcknowledge={onAcknowledge} />)}</ul>
      )}
    </section>
  );
}

function DrawerFor({ id, hall }: { id: string; hall: Hall }) {
  const { t, say } = useWords();
  const { device, whole, failed } = useDevice(id);
  const [asking, setAsking] = useState<Alert | null>(null);
  const close = () => put("drawer", null);
  return (
    <Dialog class="drawer" title={device ? say(device.name) : t.drawerTitle} onClose={close}>
      <div class="drawer-scroll">
        {failed ? <p class="form-error" role="alert">{t.drawerFailed}</p> : null}
        {device ? (
          <>
            <Overview device={device} hall={hall} />
            <ItsAlerts id={id} onAcknowledge={setAsking} />
            <Faults device={device} />
            <CounterEvents device={device} />
            {whole ? <History device={device} /> : null}
            <Points device={device} />
            <Registers id={id} />
          </>
        ) : failed ? null : <p class="muted">{t.loading}</p>}
      </div>
      {asking ? <AckDialog alert={asking} onClose={() => setAsking(null)} /> : null}
    </Dialog>
  );
}

export function Drawer({ hall }: { hall: Hall }) {
  const id = useTopic("drawer");
  return id === null ? null : <DrawerFor key={id} id={id} hall={hall} />;
}
