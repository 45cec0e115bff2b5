/** The first page: your containers, and a new one with one click on an image. */
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { ago, bytes, dateTime, number } from "../i18n/format";
import { type Key, t, tn } from "../i18n/index";
import { Api, ApiError } from "../protocol/api";
import type { Boot, RestContainer } from "../protocol/rest";
import { announce } from "../ui/announce";
import { type Failure, failure } from "../ui/failure";
import { Header } from "../ui/header";
import { Icon } from "../ui/icons";
import { Menu } from "../ui/menu";
import { FailureNotice } from "../ui/notice";
import { conditionOf, StateSign } from "../ui/state";
import { askDelete, exitNote } from "./bench";
import { Launch } from "./launch";
import { Twins } from "./twins";

const POLL_MS = 5_000;

const pageOf = (id: string): string => `/playground/c/${id}`;

export function Home({ boot }: { boot: Boot }) {
  const api = useMemo(() => new Api(boot.csrf), [boot]);
  const containers = useSignal<readonly RestContainer[]>(boot.containers);
  const away = useSignal<Failure | null>(
    boot.error
      ? failure(new ApiError(boot.error.code, boot.error.message, 503, null, boot.error.hint ?? null), "failure.list")
      : null,
  );
  const problem = useSignal<(Failure & { again: () => void }) | null>(null);

  const refresh = useMemo(
    () => async () => {
      try {
        containers.value = await api.containers();
        away.value = null;
      } catch (error) {
        away.value = failure(error, "failure.list");
      }
    },
    [api, containers, away],
  );

  useEffect(() => {
    const look = () => {
      if (!document.hidden) void refresh();
    };
    const timer = setInterval(look, POLL_MS);
    document.addEventListener("visibilitychange", look);
    window.addEventListener("pageshow", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
      window.removeEventListener("pageshow", look);
    };
  }, [refresh]);

  const act = async (doing: Key, action: () => Promise<unknown>) => {
    problem.value = null;
    try {
      await action();
      await refresh();
    } catch (error) {
      problem.value = { ...failure(error, doing), again: () => void act(doing, action) };
    }
  };

  const remove = async (container: RestContainer) => {
    if (!(await askDelete(container))) return;
    await act("failure.delete", async () => {
      await api.remove(container.id);
      containers.value = containers.value.filter((other) => other.id !== container.id);
      announce(t("done.deleted", { name: container.name }));
    });
  };

  const mine = containers.value;
  return (
    <div class="home">
      <Header boot={boot} />
      <main class="home-main">
        {away.value && <FailureNotice failure={away.value} onRetry={() => void refresh()} />}
        {problem.value && (
          <FailureNotice
            failure={problem.value}
            onRetry={problem.value.again}
            onDismiss={() => {
              problem.value = null;
            }}
          />
        )}
        {mine.length === 0 && (
          <div class="hello">
            <div class="hello-words">
              <h1>{t("home.hello")}</h1>
              <p class="prose">{t("home.hello_body")}</p>
            </div>
            <Twins />
          </div>
        )}
        <Launch boot={boot} api={api} first={mine.length === 0} onLaunched={(id) => location.assign(pageOf(id))} />
        {mine.length > 0 && (
          <section class="home-section" aria-labelledby="mine">
            <header class="section-head">
              <h2 id="mine">{t("home.yours")}</h2>
              <span class="num">
                {t("home.used", { used: number(mine.length), most: number(boot.quota.containers) })}
              </span>
            </header>
            <ul class="container-list">
              {mine.map((container) => (
                <Row
                  key={container.id}
                  container={container}
                  onStart={() => act("failure.start", () => api.start(container.id))}
                  onStop={() => act("failure.stop", () => api.stop(container.id))}
                  onDelete={() => remove(container)}
                />
              ))}
            </ul>
            <p class="home-also">
              <a href={boot.urls.recordings ?? "/playground/recordings"}>{t("recordings.home")}</a>
            </p>
          </section>
        )}
      </main>
    </div>
  );
}

interface RowProps {
  container: RestContainer;
  onStart: () => Promise<void>;
  onStop: () => Promise<void>;
  onDelete: () => Promise<void>;
}

function Row({ container, onStart, onStop, onDelete }: RowProps) {
  const busy = useSignal<"starting" | "stopping" | "deleting" | null>(null);
  const during = (what: NonNullable<typeof busy.value>, action: () => Promise<void>) => async () => {
    if (busy.value !== null) return;
    busy.value = what;
    await action();
    busy.value = null;
  };
  const created = new Date(container.created_at);
  const condition = conditionOf(container);
  const running = condition === "running" || condition === "created";
  const gone = container.files_kept ? [] : [t("home.files_gone")];
  const note = condition === "stopped" ? [exitNote(container.exit), ...gone].filter(Boolean).join(" · ") : "";
  return (
    <li class="container-row">
      <div class="container-state">
        <StateSign state={condition} />
        {note && <span class="container-exit">{note}</span>}
      </div>
      <div class="container-name">
        <a href={pageOf(container.id)}>{container.name}</a>
        <span class="mono">{container.image}</span>
      </div>
      <p class="container-limits num">
        {bytes(container.limits.memory_bytes)} ·{" "}
        {tn("home.cores", container.limits.cpus, { cores: number(container.limits.cpus) })}
      </p>
      <time class="container-age" dateTime={container.created_at} title={dateTime(created)}>
        {ago(created)}
      </time>
      <div class="container-actions">
        {running && (
          <button
            type="button"
            class="button small quiet"
            onClick={during("stopping", onStop)}
            aria-disabled={busy.value !== null}
          >
            {t(busy.value === "stopping" ? "action.stopping" : "action.stop")}
          </button>
        )}
        {condition === "stopped" && (
          <button
            type="button"
            class="button small quiet"
            onClick={during("starting", onStart)}
            aria-disabled={busy.value !== null}
          >
            {t(busy.value === "starting" ? "action.starting" : "action.start")}
          </button>
        )}
        <a class="button small" href={pageOf(container.id)} aria-label={t("home.open_name", { name: container.name })}>
          {t("action.open")}
        </a>
        <Menu
          label={t("home.more_name", { name: container.name })}
          class="button icon small"
          items={[{ label: t("action.delete"), icon: "trash", danger: true, onSelect: during("deleting", onDelete) }]}
        >
          <Icon name="more" />
        </Menu>
      </div>
    </li>
  );
}
