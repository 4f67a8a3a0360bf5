// Something that is asked of the daemon: on its way, taken, or refused with what to do about it.
import { useState } from "preact/hooks";
import { useWords } from "../../i18n";
import { noticeFailure } from "../../state/session";
import { explain } from "../explain";

type State = { readonly at: "none" | "busy" | "taken" } | { readonly at: "failed"; readonly failure: unknown };

export interface Order {
  readonly state: State;
  /** Whether it was taken. A second one while the first is on its way is not sent. */
  readonly give: (send: () => Promise<unknown>) => Promise<boolean>;
}

export function useOrder(): Order {
  const [state, setState] = useState<State>({ at: "none" });
  const give = async (send: () => Promise<unknown>) => {
    if (state.at === "busy") return false;
    setState({ at: "busy" });
    try {
      await send();
      setState({ at: "taken" });
      return true;
    } catch (failure) {
      noticeFailure(failure);
      setState({ at: "failed", failure });
      return false;
    }
  };
  return { state, give };
}

export function OrderNote({ order, taken }: { order: Order; taken?: string }) {
  const words = useWords();
  const { state } = order;
  if (state.at === "failed") return <p class="form-error" role="alert">{explain(state.failure, words)}</p>;
  return <p class="order-note muted" role="status">{state.at === "taken" ? taken : null}</p>;
}

/** Stays focusable while it is busy: who works by keyboard goes on where he was. */
export function OrderButton({ order, children, busy, main = false, onGive }: {
  order: Order; children: string; busy: string; main?: boolean; onGive?: () => void;
}) {
  const waits = order.state.at === "busy";
  return (
    <button
      type={onGive ? "button" : "submit"} class={main ? "button button-main" : "button"}
      aria-disabled={waits ? "true" : undefined} onClick={onGive}
    >
      {waits ? busy : children}
    </button>
  );
}
