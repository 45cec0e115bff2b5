/** What every page has: questions, announcements, a net for what should not happen. */
import type { ComponentChildren } from "preact";
import { useErrorBoundary } from "preact/hooks";
import { t } from "../i18n/index";
import { Announcer } from "../ui/announce";
import { Asker } from "../ui/dialog";
import { Notice } from "../ui/notice";

export function App({ children }: { children?: ComponentChildren }) {
  const [error] = useErrorBoundary((caught) => console.error(caught));
  if (error !== undefined) {
    return (
      <Notice
        tone="bad"
        title={t("failure.page")}
        actions={
          <button type="button" class="button small" onClick={() => location.reload()}>
            {t("common.reload")}
          </button>
        }
      >
        <p>{t("failure.page_body")}</p>
        <p class="notice-technical mono">{String(error)}</p>
      </Notice>
    );
  }
  return (
    <>
      {children}
      <Asker />
      <Announcer />
    </>
  );
}
