/** One recording, replayed on a page of its own. */
import { useMemo } from "preact/hooks";
import { t } from "../i18n/index";
import { Api } from "../protocol/api";
import type { Boot } from "../protocol/rest";
import { Replay } from "../terminal/recording/replay";
import { Back, Header } from "../ui/header";
import "../styles/recordings.css";

export function RecordingPage({ boot }: { boot: Boot }) {
  const api = useMemo(() => new Api(boot.csrf), [boot]);
  const all = boot.urls.recordings ?? "/playground/recordings";
  const id = decodeURIComponent(location.pathname.split("/").at(-1) ?? "");
  return (
    <div class="replay-page">
      <Header boot={boot}>
        <Back href={all} label={t("recordings.all")} />
        <h1 class="header-title">{t("recordings.replay")}</h1>
      </Header>
      <main class="replay-main">
        <Replay api={api} id={id} />
      </main>
    </div>
  );
}
