/** A page without what it is about: the worker is away, or it has no such thing any more. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index";
import { type Api, ApiError } from "../protocol/api";
import type { Boot } from "../protocol/rest";
import { Back, Header } from "../ui/header";
import { Icon } from "../ui/icons";
import { conditionOf, StateSign } from "../ui/state";

const ASK_MS = 2_000;

/** The workbench without its container. */
export function Absent({ boot, api }: { boot: Boot; api: Api }) {
  const home = boot.urls.home ?? "/playground";
  const id = idHere();
  const lost = useOver(boot.error == null, async () => conditionOf(await api.container(id)) === "lost");
  return (
    <AbsentPage
      boot={boot}
      back={t("workbench.back")}
      subject={
        <>
          {boot.container && <span class="header-title">{boot.container.name}</span>}
          {lost && <StateSign state="lost" />}
        </>
      }
      over={lost && { title: t("absent.lost"), body: t("absent.lost_body") }}
    >
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
    </AbsentPage>
  );
}

/** What the page's address ends in. */
export const idHere = (): string => location.pathname.split("/").at(-1) ?? "";

/** Whether it is over for good. Until then the worker may be restarting: what is in its care goes on, and so will this
 * page once `ask` is answered. It says true, or is refused as not found, when there is nothing to come back to.
 */
export function useOver(begun: boolean, ask: () => Promise<boolean>): boolean {
  const [over, setOver] = useState(begun);
  const latest = useRef(ask);
  latest.current = ask;
  useEffect(() => {
    if (over) return;
    const timer = setInterval(async () => {
      try {
        if (await latest.current()) setOver(true);
        else location.reload();
      } catch (error) {
        if (error instanceof ApiError && error.code === "not-found") setOver(true);
      }
    }, ASK_MS);
    return () => clearInterval(timer);
  }, [over]);
  return over;
}

interface Props {
  boot: Boot;
  /** Where the way back leads, in words. */
  back: string;
  /** What stands in the header. */
  subject?: ComponentChildren;
  /** What is said when it is over for good; false while the worker is only away. */
  over: { title: string; body: string } | false;
  /** What can be done then, beside going back. */
  children?: ComponentChildren;
}

export function AbsentPage({ boot, back, subject, over, children }: Props) {
  const home = boot.urls.home ?? "/playground";
  return (
    <div class="workbench">
      <Header boot={boot}>
        <Back href={home} label={back} />
        {subject}
      </Header>
      <main class="absent">
        <div>
          <h1>{over ? over.title : t("absent.away")}</h1>
          <p>{over ? over.body : t("absent.away_body")}</p>
          {boot.error && !over && <p class="absent-technical mono">{boot.error.message}</p>}
          <div class="absent-actions">
            <a class="button" href={home}>
              {back}
            </a>
            {over ? (
              children
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
