// A view that comes in a chunk of its own: the board, which most screens show, does without it.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useWords } from "../i18n";

/** `load` is called when it is shown for the first time. */
export function later<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let loaded: ComponentType<P> | null = null;
  return function Later(props: P) {
    const { t } = useWords();
    const [View, setView] = useState<ComponentType<P> | null>(() => loaded);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (loaded) return undefined;
      let gone = false;
      load().then((view) => {
        loaded = view;
        if (!gone) setView(() => view);
      }, () => { if (!gone) setFailed(true); });
      return () => { gone = true; };
    }, []);
    if (View) return <View {...props} />;
    return failed ? <p class="form-error" role="alert">{t.alerts.notLoaded}</p> : <p class="loading muted">{t.loading}</p>;
  };
}
