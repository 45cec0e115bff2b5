/** The workbench: a container's terminals on the left, the X-ray of it on the right. */
import { effect, useComputed } from "@preact/signals";
import { useEffect, useMemo, useState } from "preact/hooks";
import { t } from "../i18n/index";
import { Api } from "../protocol/api";
import type { Boot, RestContainer } from "../protocol/rest";
import { kindOf, Link } from "../state/link";
import { Terminals } from "../terminal/terminals";
import { Back, Header } from "../ui/header";
import { Icon } from "../ui/icons";
import { Menu } from "../ui/menu";
import { FailureNotice, Notice } from "../ui/notice";
import { PartKeys } from "../ui/part_keys";
import { isBoolean, isNumber, remembered } from "../ui/preferences";
import { clampShare, Split } from "../ui/split";
import { conditionOf, StateSign } from "../ui/state";
import { Panels } from "../views/panels";
import { Absent } from "./absent";
import { Bench } from "./bench";
import { did, Hint, tour } from "./tour";

const share = remembered("split", 56, (value): value is number => isNumber(value) && clampShare(value) === value);
const folded = remembered("xray.folded", false, isBoolean);

/** In the order of the walk: from a terminal to what is asked above it. */
const PARTS = [
  "[role=tab][aria-selected=true]",
  ".pane[data-front] .xterm-helper-textarea",
  ".term-ask",
  ".pane[data-front] .share-banner [data-part]",
  "#xray",
  ".brand",
];

export function Workbench({ boot }: { boot: Boot }) {
  const api = useMemo(() => new Api(boot.csrf), [boot]);
  if (boot.container === null || conditionOf(boot.container) === "lost") return <Absent boot={boot} api={api} />;
  return <Present boot={boot} api={api} container={boot.container} />;
}

function Present({ boot, api, container: first }: { boot: Boot; api: Api; container: RestContainer }) {
  const bench = useMemo(() => new Bench(api, first, boot.snapshot, () => did(0)), [api, first, boot]);
  bench.uploads.most = boot.upload_bytes ?? bench.uploads.most;
  const link = useMemo(() => new Link(), []);
  const [shown, setShown] = useState<"first" | "second">("first");
  const home = boot.urls.home ?? "/playground";

  useEffect(() => {
    bench.open();
    return () => bench.dispose();
  }, [bench]);

  // A process lit by pointing, focus or touch is what the last hint asks for.
  useEffect(
    () =>
      effect(() => {
        const thing = link.current.value;
        if (thing !== null && kindOf(thing) === "process") did(2);
      }),
    [link],
  );

  const container = bench.container.value;
  const condition = bench.condition.value;
  const running = condition === "running" || condition === "created";

  const forget = async () => {
    if (await bench.forget()) location.assign(home);
  };

  const typed = (text: string) => {
    setShown("first");
    bench.type(text);
  };

  return (
    <div class="workbench">
      <Header boot={boot} actions={<Actions bench={bench} home={home} />}>
        <Back href={home} label={t("workbench.back")} />
        <h1 class="header-title">{container.name}</h1>
        <span class="header-image mono">{container.image}</span>
        <StateSign state={condition} />
      </Header>
      <PartKeys parts={PARTS} />
      {bench.failure.value && (
        <div class="workbench-failure">
          <FailureNotice
            failure={bench.failure.value}
            onRetry={bench.failure.value.again}
            onDismiss={() => {
              bench.failure.value = null;
            }}
          />
        </div>
      )}
      {(condition === "gone" || condition === "lost") && (
        <Notice
          tone="warn"
          title={t(condition === "lost" ? "absent.lost" : "workbench.gone")}
          actions={
            <>
              {condition === "lost" && (
                <button type="button" class="button small" onClick={() => void forget()}>
                  {t("absent.forget")}
                </button>
              )}
              <a class="button small" href={home}>
                {t("workbench.back")}
              </a>
            </>
          }
        >
          <p>{t(condition === "lost" ? "absent.lost_body" : "workbench.gone_body")}</p>
        </Notice>
      )}
      {condition === "stopped" && !container.files_kept && (
        <Notice tone="warn" title={t("workbench.files_gone")}>
          <p>{t("workbench.files_gone_body")}</p>
        </Notice>
      )}
      <main class="workbench-main">
        <Split
          share={share}
          folded={folded}
          label={t("workbench.split")}
          shown={shown}
          first={<Terminals bench={bench} running={running} hint={running && <Hint step={0} />} />}
          second={
            folded.value ? (
              <button
                type="button"
                class="rail"
                aria-label={t("workbench.unfold")}
                title={t("workbench.unfold")}
                onClick={() => {
                  folded.value = false;
                }}
              >
                <Icon name="unfold" />
                <span>{t("workbench.xray")}</span>
              </button>
            ) : (
              <section class="xray" id="xray" aria-labelledby="xray-title" tabIndex={-1}>
                <div class="xray-body" onPointerDown={() => did(1)}>
                  <header class="pane-head">
                    <h2 id="xray-title">{t("workbench.xray")}</h2>
                    <XrayMenu bench={bench} />
                    <button
                      type="button"
                      class="button icon small fold-button"
                      aria-label={t("workbench.fold")}
                      title={t("workbench.fold")}
                      onClick={() => {
                        folded.value = true;
                      }}
                    >
                      <Icon name="fold" />
                    </button>
                  </header>
                  <Panels
                    store={bench.store}
                    link={link}
                    lost={condition === "lost"}
                    source={bench.source}
                    calls={bench.calls}
                    quota={boot.quota}
                    seesHost={boot.user.sees_host ?? false}
                    typeIntoTerminal={running ? typed : undefined}
                    terminal={bench.book.active.value}
                  />
                </div>
                <Hint step={1} />
                <Hint step={2} />
              </section>
            )
          }
        />
      </main>
      <nav class="switcher" aria-label={t("workbench.parts")}>
        <button type="button" aria-pressed={shown === "first"} onClick={() => setShown("first")}>
          <Icon name="terminal" />
          {t("workbench.terminal")}
        </button>
        <button type="button" aria-pressed={shown === "second"} onClick={() => setShown("second")}>
          <Icon name="xray" />
          {t("workbench.xray")}
        </button>
      </nav>
    </div>
  );
}

function XrayMenu({ bench }: { bench: Bench }) {
  const paused = useComputed(() => bench.store.cursor.value !== null).value;
  return (
    <Menu
      label={t("time.menu")}
      class="button icon small xray-menu"
      items={[
        {
          label: t(paused ? "time.back" : "time.pause"),
          ...(paused && { icon: "play" as const }),
          onSelect: () => (paused ? bench.store.resume() : bench.store.pause()),
        },
        { label: t("time.export"), icon: "down", onSelect: () => bench.exportMoment() },
      ]}
    >
      <Icon name="more" />
    </Menu>
  );
}

function Actions({ bench, home }: { bench: Bench; home: string }) {
  const condition = bench.condition.value;
  const busy = bench.busy.value;
  if (condition === "gone" || condition === "lost") return null;
  const remove = async () => {
    if (await bench.remove()) location.assign(home);
  };
  return (
    <>
      {condition === "stopped" ? (
        <button
          type="button"
          class="button small"
          aria-label={t(busy === "starting" ? "action.starting" : "action.start")}
          aria-disabled={busy !== null}
          onClick={() => void bench.start()}
        >
          <Icon name="play" />
          <span class="button-label">{t(busy === "starting" ? "action.starting" : "action.start")}</span>
        </button>
      ) : (
        <button
          type="button"
          class="button small"
          aria-label={t(busy === "stopping" ? "action.stopping" : "action.stop")}
          aria-disabled={busy !== null}
          onClick={() => void bench.stop()}
        >
          <Icon name="stop" />
          <span class="button-label">{t(busy === "stopping" ? "action.stopping" : "action.stop")}</span>
        </button>
      )}
      <Menu
        label={t("workbench.more")}
        items={[
          {
            label: t("tour.again"),
            icon: "help",
            onSelect: () => {
              tour.value = 0;
            },
          },
          { label: t("action.delete"), icon: "trash", danger: true, onSelect: () => void remove() },
        ]}
      >
        <Icon name="more" />
      </Menu>
    </>
  );
}
