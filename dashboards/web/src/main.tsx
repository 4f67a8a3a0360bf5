// Entry: colours first, so that nothing flashes, then the page, then the data.
import { render } from "preact";
import { App } from "./app";
import { start } from "./state/session";
import "./styles/index.css";
import { applyTheme, rememberedTheme } from "./ui/theme";

applyTheme(rememberedTheme());
const root = document.getElementById("app");
if (root) {
  render(<App />, root);
  start();
}
