/** The entry of every page: reads the state Django rendered and shows the page it names. */
import "../styles/tokens.css";
import "../styles/base.css";
import "../styles/over.css";
import "../styles/layout.css";
import "../styles/home.css";
import "../styles/terminal.css";
import "../styles/panes.css";
import "../styles/comfort.css";
import "../styles/sharing.css";
import { type ComponentChildren, h, options, render } from "preact";
import { learn, setLanguage } from "../i18n/index";
import type { Boot } from "../protocol/rest";
import { followTheme } from "../ui/preferences";
import { App } from "./app";
import { Home } from "./home";

followTheme();

// What several messages changed is drawn once, with the next frame; a page in the background draws nothing.
options.debounceRendering = (draw) => requestAnimationFrame(() => draw());

const boot = document.getElementById("boot");
const app = document.getElementById("app");
if (boot !== null && app !== null) {
  const state = JSON.parse(boot.textContent ?? "") as Boot;
  Promise.all([pageOf(state), learn(state.lang)]).then(
    ([page]) => {
      setLanguage(state.lang);
      render(h(App, null, page), app);
    },
    () => render(h(Broken, state), app),
  );
}

/** A script of it did not come, maybe the one with the words: the connection broke off, or there is a newer page. */
function Broken({ lang }: Boot) {
  const [words, again] =
    lang === "zh-hans"
      ? ["页面没有加载完整：可能是网络断了，也可能页面刚刚更新。", "重新加载"]
      : ["The page was not loaded whole: the connection broke off, or there is a newer page.", "Load again"];
  return (
    <main class="page-broken">
      <p>{words}</p>
      <button type="button" class="button primary" onClick={() => location.reload()}>
        {again}
      </button>
    </main>
  );
}

/** The workbench is a script of its own, so that the home page does not carry it; the emulator comes at the same time. */
async function pageOf(state: Boot): Promise<ComponentChildren> {
  if (state.page === "home") return h(Home, { boot: state });
  if (state.page === "shared") {
    void import("../terminal/screen");
    const { Shared } = await import("./shared");
    return h(Shared, { boot: state });
  }
  if (state.page === "recordings") return h((await import("./recordings")).RecordingsPage, { boot: state });
  if (state.page === "recording") return h((await import("./recording")).RecordingPage, { boot: state });
  if (state.container !== null) void import("../terminal/screen");
  const { Workbench } = await import("./workbench");
  return h(Workbench, { boot: state });
}
