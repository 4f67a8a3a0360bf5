// The name of who sits at this screen: asked once, offered ever after.
const KEY = "hallwatch.name";
export const NAME_LIMIT = 64;

export function rememberedName(): string {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

export function rememberName(name: string): void {
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // Private mode: asked again next time.
  }
}
