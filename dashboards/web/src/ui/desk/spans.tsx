// How far one looks back.
export function Spans<T extends string>({ label, spans, span, onSpan }: {
  label: string; spans: readonly (readonly [T, string])[]; span: T; onSpan: (span: T) => void;
}) {
  return (
    <div class="spans" role="group" aria-label={label}>
      {spans.map(([key, text]) => (
        <button key={key} type="button" class="chip" aria-pressed={key === span} data-span={key} onClick={() => onSpan(key)}>{text}</button>
      ))}
    </div>
  );
}
