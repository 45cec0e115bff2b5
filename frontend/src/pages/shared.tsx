/** A guest's page: another person's terminal, and nothing else of the container. */
import { useComputed } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { t } from "../i18n/index";
import { Api } from "../protocol/api";
import type { Boot, SharedTerminal } from "../protocol/rest";
import { TouchKeys } from "../terminal/keys";
import { screenReader } from "../terminal/options";
import { TerminalPane } from "../terminal/pane";
import { Ending } from "../terminal/sharing/ending";
import { Fit } from "../terminal/sharing/fit";
import { GuestBanner } from "../terminal/sharing/guest";
import { plainName } from "../terminal/sharing/people";
import { Name, said } from "../terminal/sharing/said";
import { Tab } from "../terminal/tab";
import { Back, Header } from "../ui/header";
import { PartKeys } from "../ui/part_keys";
import { AbsentPage, idHere, useOver } from "./absent";

const PARTS = [".xterm-helper-textarea", ".share-banner [data-part]", ".brand"];

export function Shared({ boot }: { boot: Boot }) {
  const api = useMemo(() => new Api(boot.csrf), [boot]);
  return boot.shared ? <Guest boot={boot} api={api} shared={boot.shared} /> : <Away boot={boot} api={api} />;
}

function Guest({ boot, api, shared }: { boot: Boot; api: Api; shared: SharedTerminal }) {
  const owner = plainName(shared.owner);
  const tab = useMemo(() => tabOf(api, shared), [api, shared]);
  useEffect(() => () => tab.dispose(), [tab]);
  const state = tab.parts.value?.session.state.value;
  const granted = useComputed(() => {
    const { viewers = [], me } = tab.parts.value?.session.state.value ?? {};
    return viewers.some((viewer) => viewer.id === me && viewer.granted);
  }).value;
  const home = boot.urls.home ?? "/playground";

  return (
    <div class="workbench">
      <Header boot={boot}>
        <Back href={home} label={t("guest.back")} />
        <div class="shared-title">
          <h1 class="header-title">{said("guest.title", { owner: <Name>{owner}</Name> })}</h1>
          <p
            class="shared-of"
            title={t("guest.in", { container: plainName(shared.container.name), image: shared.container.image })}
          >
            {said("guest.in", {
              container: <bdi>{plainName(shared.container.name)}</bdi>,
              image: <span class="mono">{shared.container.image}</span>,
            })}
          </p>
        </div>
      </Header>
      <PartKeys parts={PARTS} />
      <main class="shared-main">
        {tab.parts.value && state?.phase === "live" && (
          <GuestBanner
            state={state}
            session={tab.parts.value.session}
            owner={owner}
            focus={() => tab.parts.peek()?.screen.focus()}
          >
            {!state.driver && <Fit element={tab.parts.value.screen.element} />}
          </GuestBanner>
        )}
        {tab.parts.value && state && state.phase !== "live" && (
          <Ending state={state} session={tab.parts.value.session} api={api} shared={shared} owner={owner} home={home} />
        )}
        <section
          class="terminals world-container shared-terminal"
          data-typing={granted}
          aria-label={t("guest.label", { owner })}
        >
          <div class="terminal-stack">
            <TerminalPane
              bench={null}
              tab={tab}
              front
              stopped={false}
              starting={false}
              screenReader={screenReader.value}
              onStart={() => undefined}
              onClose={() => undefined}
            />
          </div>
          {granted && <TouchKeys tab={tab} />}
        </section>
      </main>
    </div>
  );
}

function tabOf(api: Api, shared: SharedTerminal): Tab {
  return new Tab(shared.terminal, {
    attach: () => api.attachShared(shared.id),
    loadScreen: () => import("../terminal/screen"),
  });
}

/** The worker could not be asked whose terminal it is. The terminal goes on meanwhile. */
function Away({ boot, api }: { boot: Boot; api: Api }) {
  const over = useOver(boot.error == null, async () => {
    await api.shared(idHere());
    return false;
  });
  return (
    <AbsentPage
      boot={boot}
      back={t("guest.back")}
      over={over && { title: t("guest.ended_title"), body: t("guest.over_body") }}
    />
  );
}
