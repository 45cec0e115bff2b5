/** Below a terminal: the files on their way into it, one line each. */
import { bytes } from "../../i18n/format";
import { t } from "../../i18n/index";
import type { Bench } from "../../pages/bench";
import { percent, printable } from "../../state/format";
import { Icon } from "../../ui/icons";
import type { Tab } from "../book";
import type { Extra } from "../extras";
import { typed } from "./paths";
import type { Upload } from "./uploads";

export const UploadTray: Extra = ({ bench, tab }) => {
  const items = bench?.uploads.items.value.filter((item) => item.tab === tab.id) ?? [];
  if (!bench || items.length === 0) return null;
  return (
    <ul class="uploads" aria-label={t("files.uploads")}>
      {items.map((item) => (
        <Line key={item.id} bench={bench} tab={tab} item={item} />
      ))}
    </ul>
  );
};

function Line({ bench, tab, item }: { bench: Bench; tab: Tab; item: Upload }) {
  const { uploads } = bench;
  const name = printable(item.file.name);
  const path = printable(item.path);
  const away = (
    <button
      type="button"
      class="button icon small"
      aria-label={`${t("common.dismiss")}: ${name}`}
      title={t("common.dismiss")}
      onClick={() => uploads.dismiss(item.id)}
    >
      <Icon name="close" />
    </button>
  );
  const act = (label: string, onClick: () => void, name = label) => (
    <button type="button" class="button small" aria-label={name} onClick={onClick}>
      {label}
    </button>
  );
  switch (item.phase) {
    case "waiting":
      return (
        <li class="upload">
          <span class="upload-words">{t("files.waiting", { name })}</span>
          {act(t("common.cancel"), () => uploads.dismiss(item.id), t("files.cancel", { name }))}
        </li>
      );
    case "sending":
      return (
        <li class="upload">
          <span class="upload-words">
            <label>
              {t("files.sending", { path })}
              <progress max={Math.max(1, item.file.size)} value={item.sent} />
            </label>
            <span class="num muted">
              {bytes(item.sent)} / {bytes(item.file.size)} · {percent(item.sent, item.file.size)}
            </span>
          </span>
          {act(t("common.cancel"), () => uploads.dismiss(item.id), t("files.cancel", { name }))}
        </li>
      );
    case "asking":
      return (
        <li class="upload warn">
          <span class="upload-words">{t("files.taken", { path })}</span>
          <span class="upload-actions">
            {act(t("files.replace"), () => uploads.resolve(item.id, "replace"))}
            {act(t("files.keep_both"), () => uploads.resolve(item.id, "both"))}
            {act(t("files.skip"), () => uploads.resolve(item.id, "skip"))}
          </span>
        </li>
      );
    case "failed":
      return (
        <li class="upload bad">
          <span class="upload-words">
            <b>{t("files.failed", { name })}</b> {item.why}
          </span>
          <span class="upload-actions">
            {act(t("common.retry"), () => uploads.again(item.id))}
            {away}
          </span>
        </li>
      );
    case "done": {
      const text = typed(item.path);
      return (
        <li class="upload">
          <span class="upload-words">{t("files.done", { path })}</span>
          <span class="upload-actions">
            {text !== null &&
              act(t("files.type"), () => {
                const parts = tab.parts.peek();
                parts?.session.input(text);
                parts?.screen.focus();
                uploads.dismiss(item.id);
              })}
            {away}
          </span>
        </li>
      );
    }
  }
}
