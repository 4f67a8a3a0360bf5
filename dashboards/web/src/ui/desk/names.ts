// The names of devices, zones and kinds, by their ids.
import type { Device, Hall } from "../../api/types";
import type { Words } from "../../i18n";
import { useWords } from "../../i18n";
import { useTopic } from "../../state/store";

export interface Names {
  readonly device: (id: string) => string;
  readonly zone: (id: string) => string;
  readonly kind: (id: string) => string;
}

export function useNames(hall: Hall): Names {
  const { say, label } = useWords();
  const devices = useTopic("devices");
  const named = (list: Hall["zones"], id: string) => list.find((entry) => entry.id === id)?.name;
  return {
    device: (id) => {
      const name = devices?.find((entry) => entry.id === id)?.name;
      return name ? say(name) : id;
    },
    zone: (id) => {
      const name = named(hall.zones, id);
      return name ? say(name) : id;
    },
    kind: (id) => {
      const name = named(hall.kinds, id);
      return name ? label(name) : id;
    },
  };
}

/** As people look for them. */
export function byName(devices: readonly Device[], { say, lang }: Words): Device[] {
  const order = new Intl.Collator(lang === "zh" ? "zh-CN" : "en", { numeric: true });
  return devices.slice().sort((a, b) => order.compare(say(a.name), say(b.name)));
}
