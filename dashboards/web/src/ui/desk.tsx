// The view "alerts & repair" comes in a chunk of its own: the board, which most screens show, does without it.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Hall } from "../api/types";
import { useWords } from "../i18n";

type View = ComponentType<{ hall: Hall }>;
let loaded: View | null = null;

export function Desk({ hall }: { hall: Hall }) {
  const { t } = useWords();
  const [View, setView] = useState<View | null>(() => loaded);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (loaded) return undefined;
    let gone = false;
    import("./desk/view").then((module) => {
      loaded = module.DeskView;
      if (!gone) setView(() => loaded);
    }, () => { if (!gone) setFailed(true); });
    return () => { gone = true; };
  }, []);
  if (View) return <View hall={hall} />;
  return failed ? <p class="form-error" role="alert">{t.alerts.notLoaded}</p> : <p class="loading muted">{t.loading}</p>;
}
