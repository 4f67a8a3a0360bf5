// Own line icons on a 16-unit grid. State is never colour alone: every health and every severity
// has a shape of its own, readable in grey and from across the hall.
import type { ComponentChildren } from "preact";
import type { Health, Severity } from "../api/types";

function Svg({ children, solid = false }: { children: ComponentChildren; solid?: boolean }) {
  return (
    <svg class={solid ? "icon icon-solid" : "icon"} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

const OCTAGON = "M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3l-3.8-3.8V5.3z";
const TRIANGLE = "M8 1.8 15 14H1z";
const DIAMOND = "M8 1.2 14.8 8 8 14.8 1.2 8z";

const HEALTH: Record<Health, () => ComponentChildren> = {
  ok: () => <><circle cx="8" cy="8" r="6.6" class="fill" /><path d="m5 8.2 2.1 2.1L11.2 6" class="knock" /></>,
  degraded: () => <><path d={TRIANGLE} class="fill round" /><path d="M8 6.2v3.6M8 12v.1" class="knock" /></>,
  fault: () => <><path d={OCTAGON} class="fill" /><path d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8" class="knock" /></>,
  asleep: () => <path d="M13.6 10.2A6.2 6.2 0 0 1 5.8 2.4a6.2 6.2 0 1 0 7.8 7.8z" class="fill round" />,
  offline: () => <><circle cx="8" cy="8" r="6.2" /><path d="M3.8 12.2 12.2 3.8" /></>,
  maintenance: () => (
    <path d="M13.9 4.6a3.6 3.6 0 0 1-4.8 4.3l-4.4 4.6a1.6 1.6 0 0 1-2.3-2.3L7 6.8A3.6 3.6 0 0 1 11.4 2L9.3 4.2l.4 2 2 .4z" class="fill round" />
  ),
  waiting: () => <circle cx="8" cy="8" r="6.2" class="dotted" />,
};

const SEVERITY: Record<Severity, () => ComponentChildren> = {
  critical: HEALTH.fault,
  major: HEALTH.degraded,
  minor: () => <><path d={DIAMOND} class="fill round" /><path d="M8 5v3.4M8 10.9v.1" class="knock" /></>,
  info: () => <><circle cx="8" cy="8" r="6.6" class="fill" /><path d="M8 7.4v3.8M8 4.9V5" class="knock" /></>,
};

export function HealthIcon({ health }: { health: Health }) {
  return <Svg>{HEALTH[health]()}</Svg>;
}

export function SeverityIcon({ severity }: { severity: Severity }) {
  return <Svg>{SEVERITY[severity]()}</Svg>;
}

export function CloseIcon() {
  return <Svg><path d="m3.5 3.5 9 9m0-9-9 9" /></Svg>;
}

export function SearchIcon() {
  return <Svg><circle cx="7" cy="7" r="4.6" /><path d="m10.5 10.5 3.7 3.7" /></Svg>;
}

export function SunIcon() {
  return (
    <Svg>
      <circle cx="8" cy="8" r="3" />
      <path d="M8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.1 1.1M11.9 11.9 13 13M13 3l-1.1 1.1M4.1 11.9 3 13" />
    </Svg>
  );
}

export function MoonIcon() {
  return <Svg><path d="M13.6 10.2A6.2 6.2 0 0 1 5.8 2.4a6.2 6.2 0 1 0 7.8 7.8z" /></Svg>;
}

export function AutoIcon() {
  return <Svg><circle cx="8" cy="8" r="6.2" /><path d="M8 1.8a6.2 6.2 0 0 1 0 12.4z" class="fill" /></Svg>;
}

export function SunriseIcon() {
  return <Svg><path d="M1 13.2h14M4 10.6a4 4 0 0 1 8 0M8 6V1.6M5.9 3.5 8 1.4l2.1 2.1" /></Svg>;
}

export function SunsetIcon() {
  return <Svg><path d="M1 13.2h14M4 10.6a4 4 0 0 1 8 0M8 1.4v4.4M5.9 3.9 8 6l2.1-2.1" /></Svg>;
}

export function ElevationIcon() {
  return <Svg><path d="M1.6 13.4h12.8L3 3.2M9.6 13.4a6 6 0 0 0-2.2-4.6" /></Svg>;
}

export function AcknowledgedIcon() {
  return <Svg><circle cx="8" cy="5" r="2.8" /><path d="M2.6 14.4a5.4 5.4 0 0 1 10.8 0" /></Svg>;
}

export function AdviceIcon() {
  return <Svg><path d="M8 1.6a4.6 4.6 0 0 0-2.4 8.5v1.7h4.8v-1.7A4.6 4.6 0 0 0 8 1.6zM6.2 14.4h3.6" /></Svg>;
}

export function BellOffIcon() {
  return <Svg><circle cx="8" cy="8" r="6.6" /><path d="m5 8.2 2.1 2.1L11.2 6" /></Svg>;
}

/** Done, over. */
export function AcceptedIcon() {
  return <Svg><path d="m2.5 8.6 3.7 3.7 7.3-8" /></Svg>;
}

export function SoundIcon({ on }: { on: boolean }) {
  return (
    <Svg>
      <path d="M1.5 6v4h2.6l3.7 3.1V2.9L4.1 6z" />
      {on ? <path d="M10.4 5.6a3.4 3.4 0 0 1 0 4.8M12.3 3.4a6.5 6.5 0 0 1 0 9.2" /> : <path d="m10.6 6 4 4m0-4-4 4" />}
    </Svg>
  );
}

export function ChevronIcon() {
  return <Svg><path d="m6 3.5 4.5 4.5L6 12.5" /></Svg>;
}

/** The mark of the product: the sun above the hall's roof. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" class="mark-ground" />
      <circle cx="21.5" cy="10.5" r="4" class="mark-sun" />
      <path d="M5 23.5 15 13l6 6 2.5-2.5L27 20v3.5a1.5 1.5 0 0 1-1.5 1.5h-19A1.5 1.5 0 0 1 5 23.5Z" class="mark-roof" />
    </svg>
  );
}
