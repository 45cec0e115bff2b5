/** The workbench without its container: the worker is away, or it has no such container any more. */
import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n/index";
import { type Api, ApiError } from "../protocol/api";
import type { Boot } from "../protocol/rest";
import { Header } from "../ui/header";
import { Icon } from "../ui/icons";
import { conditionOf, StateSign } from "../ui/state";

const ASK_MS = 2_000;

export function Absent({ boot, api }: { boot: Boot; api: Api }) {
  const [lost, setLost] = useState(boot.error == null);
  const home = boot.urls.home ?? "/playground";
  const id = location.pathname.split("/").at(-1) ?? "";

  // The worker may be restarting: containers go on meanwhile, and so will this page.
  useEffect(() => {
    if (lost) return;
    const timer = setInterval(async () => {
      try {
        const container = await api.container(id);
        if (conditionOf(container) === "lost") setLost(true);
        else location.reload();
      } catch (error) {
        if (error instanceof ApiError && error.code === "not-found") setLost(true);
      }
    }, ASK_MS);
    return () => clearInterval(timer);
  }, [lost, api, id]);

  return (
    <div class="workbench">
      <Header boot={boot}>
        <a class="header-back" href={home} aria-label={t("workbench.back")} title={t("workbench.back")}>
          <Icon name="back" />
        </a>
        {boot.container && <span class="header-title">{boot.container.name}</span>}
        {lost && <StateSign state="lost" />}
      </Header>
      <main class="absent">
        <div>
          <h1>{t(lost ? "absent.lost" : "absent.away")}</h1>
          <p>{t(lost ? "absent.lost_body" : "absent.away_body")}</p>
          {boot.error && !lost && <p class="absent-technical mono">{boot.error.message}</p>}
          <div class="absent-actions">
            <a class="button" href={home}>
              {t("workbench.back")}
            </a>
            {lost ? (
              <button
                type="button"
                class="button"
                onClick={() =>
                  void api.remove(id).then(
                    () => location.assign(home),
                    () => location.reload(),
                  )
                }
              >
                {t("absent.forget")}
              </button>
            ) : (
              <span class="state">
                <Icon name="spinner" class="spin" />
                {t("absent.trying")}
              </span>
            )}
          </div>
        </div>
      </main>
    </div>
  );
}
