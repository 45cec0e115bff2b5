/** Links without a pointer: those in sight as a list, and the question before one that is not what it seems. */
import { t } from "../i18n/index";
import { announce } from "../ui/announce";
import { Dialog } from "../ui/dialog";
import { copyText } from "./clipboard";
import { type FoundLink, misleads, openLink } from "./links";

async function copy(uri: string): Promise<void> {
  if (await copyText(uri)) announce(t("common.copied"));
  else announce(t("common.not_copied"), "bad");
}

export function LinksDialog({ links, onClose }: { links: readonly FoundLink[]; onClose: () => void }) {
  return (
    <Dialog title={t("links.title")} onClose={onClose} wide>
      {links.length === 0 ? (
        <p class="dialog-text">{t("links.none")}</p>
      ) : (
        <ul class="links-list">
          {links.map((link) => (
            <li key={`${link.uri} ${link.text}`}>
              <div class="links-what">
                {link.text !== null && <span class="links-text">{t("links.text", { text: link.text })}</span>}
                <span class="links-target mono">{link.uri}</span>
                {misleads(link) && <span class="links-lie">{t("links.misleads")}</span>}
              </div>
              <button
                type="button"
                class="button small"
                aria-label={t("links.copy_name", { target: link.uri })}
                onClick={() => void copy(link.uri)}
              >
                {t("common.copy")}
              </button>
              <button
                type="button"
                class="button small"
                aria-label={t("links.open_name", { target: link.uri })}
                onClick={() => openLink(link.uri)}
              >
                {t("links.open")}
              </button>
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}

export function LinkQuestion({ link, onClose }: { link: FoundLink; onClose: () => void }) {
  return (
    <Dialog title={t("links.ask")} onClose={onClose}>
      {misleads(link) && <p class="links-lie">{t("links.misleads")}</p>}
      <dl class="links-facts">
        {link.text !== null && (
          <>
            <dt>{t("links.says")}</dt>
            <dd class="mono">{link.text}</dd>
          </>
        )}
        <dt>{t("links.leads")}</dt>
        <dd class="links-target mono">{link.uri}</dd>
      </dl>
      <p class="dialog-text">{t("links.ask_body")}</p>
      <div class="dialog-actions">
        <button type="button" class="button" data-first={misleads(link) || undefined} onClick={onClose}>
          {t("common.cancel")}
        </button>
        <button type="button" class="button" onClick={() => void copy(link.uri)}>
          {t("links.copy")}
        </button>
        <button
          type="button"
          class="button primary"
          onClick={() => {
            openLink(link.uri);
            onClose();
          }}
        >
          {t("links.open")}
        </button>
      </div>
    </Dialog>
  );
}
