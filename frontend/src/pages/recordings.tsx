/** All recordings of one's terminals, those of deleted containers too. */
import { useMemo } from "preact/hooks";
import { t } from "../i18n/index";
import { Api } from "../protocol/api";
import type { Boot } from "../protocol/rest";
import { RecordingList } from "../terminal/recording/list";
import { Back, Header } from "../ui/header";
import "../styles/recordings.css";

export function RecordingsPage({ boot }: { boot: Boot }) {
  const api = useMemo(() => new Api(boot.csrf), [boot]);
  const home = boot.urls.home ?? "/playground";
  return (
    <div class="home">
      <Header boot={boot}>
        <Back href={home} label={t("workbench.back")} />
        <span class="header-title">{t("recordings.title")}</span>
      </Header>
      <main class="home-main recordings-page">
        <section class="home-section" aria-labelledby="recordings">
          <header class="section-head">
            <h1 id="recordings">{t("recordings.title")}</h1>
          </header>
          <RecordingList api={api} present={new Set(boot.containers.map(({ id }) => id))} onPlay={null} />
        </section>
      </main>
    </div>
  );
}
