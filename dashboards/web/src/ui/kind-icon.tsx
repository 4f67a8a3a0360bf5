// A glyph per kind of device, so that a machine is found on the board before its name is read.
const KINDS: Readonly<Record<string, string>> = {
  inverter: "M2 2.5h12v11H2zM4.5 8c1.2-3.4 2.4-3.4 3.5 0s2.3 3.4 3.5 0",
  meter: "M8 14.2A6.2 6.2 0 1 1 8 1.8a6.2 6.2 0 0 1 0 12.4zM8 9.6l2.6-3.4M4.6 9.6h.1M11.3 9.6h.1",
  weather: "M4.4 13.2h7a2.9 2.9 0 0 0 .4-5.8 4 4 0 0 0-7.6.6 2.6 2.6 0 0 0 .2 5.2zM11 2.2v1M14.6 5.6h-1M13.6 3 13 3.6",
  ticket_machine: "M2 4.5h12v2.2a1.4 1.4 0 0 0 0 2.6v2.2H2V9.3a1.4 1.4 0 0 0 0-2.6zM9.8 5.2v5.6",
  health_check_machine: "M8 13.6S2 10 2 6a3.1 3.1 0 0 1 6-1 3.1 3.1 0 0 1 6 1c0 4-6 7.6-6 7.6zM4.4 8h2l1-2 1.4 3.2.8-1.2h2",
  tax_terminal: "M2.5 1.8h11v12.4h-11zM5.6 4.6 8 7.8l2.4-3.2M8 7.8v4M5.8 8.4h4.4M5.8 10.3h4.4",
  approval_kiosk: "M3 1.8h7l3 3v9.4H3zM5.6 9l1.8 1.8 3.2-3.6",
  social_security_kiosk: "M1.8 3.5h12.4v9H1.8zM4 10.2a2 2 0 0 1 4 0M6 7.2V7M10 6.5h2M10 9h2",
  medical_insurance_kiosk: "M1.8 3.5h12.4v9H1.8zM6.2 6v4M4.2 8h4M10.4 6.5h1.8M10.4 9h1.8",
  display: "M1.8 2.5h12.4v8.7H1.8zM5.5 13.8h5M8 11.2v2.6",
  gateway: "M2 9h12v4.5H2zM4.5 11.3h.1M7 11.3h.1M8 9V5.5M5.4 5.3a3.6 3.6 0 0 1 5.2 0M3.6 3.3a6.2 6.2 0 0 1 8.8 0",
};
/** A plain machine, for kinds that the configuration brings along. */
const OTHER = "M3.5 1.8h9v12.4h-9zM5.5 4h5v4h-5zM6.5 11h3";

export function KindIcon({ kind }: { kind: string }) {
  return (
    <svg class="icon icon-kind" viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d={KINDS[kind] ?? OTHER} /></svg>
  );
}
