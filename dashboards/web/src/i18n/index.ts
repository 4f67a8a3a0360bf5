// Which language the page speaks, and how to ask for its words.
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Text } from "../api/types";
import { en } from "./en";
import { zh } from "./zh";

/** The shape of the catalogue: the keys of zh.ts with their parameters. */
export type Shape<T> = {
  readonly [K in keyof T]: T[K] extends (...args: infer A) => string
    ? (...args: A) => string
    : T[K] extends string ? string : Shape<T[K]>;
};
export type Messages = Shape<typeof zh>;
export type Lang = "zh" | "en";

const KEY = "hallwatch.lang";
const catalogues: Record<Lang, Messages> = { zh, en };

export interface Words {
  readonly lang: Lang;
  readonly t: Messages;
  /** Picks the reader's language of a text that came from the daemon. */
  readonly say: (text: Text) => string;
  /** The same for a label: the daemon's English vocabulary is lower case. */
  readonly label: (text: Text) => string;
}

export function wordsOf(lang: Lang): Words {
  const say = (text: Text): string => text[lang] || text.zh || text.en;
  const label = (text: Text): string => {
    const word = say(text);
    return word.charAt(0).toUpperCase() + word.slice(1);
  };
  return { lang, t: catalogues[lang], say, label };
}

export const WordsContext = createContext<Words>(wordsOf("zh"));

export function useWords(): Words {
  return useContext(WordsContext);
}

export function rememberedLang(): Lang {
  try {
    return localStorage.getItem(KEY) === "en" ? "en" : "zh";
  } catch {
    return "zh";
  }
}

export function rememberLang(lang: Lang): void {
  document.documentElement.lang = catalogues[lang].lang;
  try {
    localStorage.setItem(KEY, lang);
  } catch {
    // Private mode: the choice lasts as long as the page does.
  }
}
