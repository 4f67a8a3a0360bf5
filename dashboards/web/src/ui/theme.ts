// Light, dark, or as the system says. The choice is an attribute on <html>; the CSS does the rest.
export type Theme = "auto" | "light" | "dark";
const KEY = "hallwatch.theme";
const listeners = new Set<() => void>();

export function rememberedTheme(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : "auto";
  } catch {
    return "auto";
  }
}

export function applyTheme(theme: Theme): void {
  const root = document.documentElement;
  if (theme === "auto") root.removeAttribute("data-theme");
  else root.setAttribute("data-theme", theme);
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Private mode: the choice lasts as long as the page does.
  }
  listeners.forEach((listener) => listener());
}

export function nextTheme(theme: Theme): Theme {
  return theme === "auto" ? "light" : theme === "light" ? "dark" : "auto";
}

/** Told when the colours change, for what is painted on a canvas. Paper has its own. */
export function onThemeChange(listener: () => void): () => void {
  const media = ["(prefers-color-scheme: dark)", "print"].map((query) => window.matchMedia(query));
  // addListener: Chromium before 76 has no addEventListener here.
  media.forEach((list) => list.addListener(listener));
  listeners.add(listener);
  return () => {
    media.forEach((list) => list.removeListener(listener));
    listeners.delete(listener);
  };
}
