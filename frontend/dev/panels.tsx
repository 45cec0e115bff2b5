/**
 * The panels alone, fed from a recording; not shipped. Query: `real` (a real worker's), `theme`, `lang`, `at` (messages applied at once), `play`
 * (ms between further ones), `hot` (a thing), `only` (a panel), `ask` (opens "show me"), `status`, `noio` (figures missing), `w` (width, px).
 */
import "../src/styles/tokens.css";
import "../src/styles/base.css";
import { render } from "preact";
import { learn, setLanguage } from "../src/i18n/index";
import type { LiveMessage } from "../src/protocol/live";
import real from "../src/state/fixtures/recorded.json";
import recording from "../src/state/fixtures/session.json";
import { Link, type Thing } from "../src/state/link";
import { LiveStore } from "../src/state/live";
import { Panels } from "../src/views/panels";

const query = new URLSearchParams(location.search);
document.documentElement.dataset.theme = query.get("theme") ?? "light";
const lang = query.get("lang") === "zh-hans" ? "zh-hans" : "en";
document.documentElement.lang = lang === "zh-hans" ? "zh-Hans" : "en";
await learn(lang);
setLanguage(lang);

const messages = (query.has("real") ? real : recording.messages) as unknown as LiveMessage[];
const store = new LiveStore();
const link = new Link();
let next = Number(query.get("at") ?? recording.last_running);
for (const message of messages.slice(0, next)) store.apply(message);
const pace = Number(query.get("play") ?? 0);
if (pace > 0) {
  const timer = setInterval(() => {
    const message = messages[next];
    next += 1;
    if (message) store.apply(message);
    else clearInterval(timer);
  }, pace);
}
if (query.has("noio")) {
  store.patch({
    container: {
      cgroup: { summary: { io_read_bytes: null, io_write_bytes: null, oom_kills: null, memory_limit_bytes: null } },
    },
    gaps: {
      "container.cgroup.summary.io_read_bytes":
        "v1 counts a group's I/O only on devices for which a blkio.throttle limit is set, and none is",
      "container.cgroup.summary.oom_kills": "ENOENT: no such file or directory (/sys/fs/cgroup/x/memory.events)",
    },
  });
}
if (query.get("status") === "stale") store.connected(false);
if (query.get("status") === "gone") store.gone("deleted by ada");
if (query.get("status") === "error") store.refused("access-denied", "you are not signed in");

const app = document.getElementById("app");
if (app) {
  const width = query.get("w");
  if (width) app.style.cssText = `width:${width}px;border-inline:1px solid var(--hairline);background:var(--surface)`;
  const source = async (side: string, panel: string, key: string) => {
    await new Promise((resolve) => setTimeout(resolve, 150));
    if (query.get("ask") === "fail") throw new Error("the worker did not answer within 5 s");
    return {
      path:
        side === "host" ? "/sys/fs/cgroup/pids/terrarium/k3v9q2m7x4t8b1zc/pids.current" : `/proc/self/${panel}/${key}`,
      raw: side === "host" ? "4\n" : "python3\0-c\0import os\n",
      truncated: false,
      man: "cgroups(7)",
      command_host: "cat /sys/fs/cgroup/pids/terrarium/k3v9q2m7x4t8b1zc/pids.current",
      command_container: side === "host" ? null : "cat /proc/self/cgroup",
    };
  };
  render(
    <Panels store={store} link={link} source={source} typeIntoTerminal={(text) => console.warn(`typed: ${text}`)} />,
    app,
  );
  const hot = query.get("hot");
  if (hot) link.pin(hot as Thing);
  const only = query.get("only");
  if (only)
    for (const one of app.querySelectorAll<HTMLElement>(`.panel:not([data-panel="${only}"])`)) one.hidden = true;
  if (query.get("full")) app.querySelector<HTMLElement>(`[data-panel="${query.get("full")}"] .panel-full`)?.click();
  if (query.has("open")) for (const one of app.querySelectorAll("details")) one.open = true;
  const ask = query.get("ask");
  if (ask) setTimeout(() => app.querySelector<HTMLElement>(ask === "fail" ? ".cg-now .ask" : ask)?.click(), 50);
}
