/** What the page means and which keys it knows. */
import { type Key, t } from "../i18n/index";
import type { Boot } from "../protocol/rest";
import { Dialog } from "./dialog";

const IS_MAC = /Mac|iPhone|iPad/.test(navigator.platform);
const ALT = IS_MAC ? "⌥" : "Alt";
const OWN = IS_MAC ? "⌘" : "Ctrl";

const KEYS: readonly (readonly [string[], Key])[] = [
  [IS_MAC ? ["⌘", "C"] : ["Ctrl", "Shift", "C"], "help.key_copy"],
  [IS_MAC ? ["⌘", "V"] : ["Ctrl", "Shift", "V"], "help.key_paste"],
  [["Ctrl", "C"], "help.key_interrupt"],
  [IS_MAC ? ["⌘", "F"] : ["Ctrl", "Shift", "F"], "help.key_find"],
  [[OWN, "+ − 0"], "help.key_size"],
  [[OWN, "Shift", "↑ ↓"], "help.key_commands"],
  [["Shift", "F10"], "help.key_menu"],
  [["Ctrl", "F6"], "help.key_next_part"],
  [["Esc"], "help.key_share"],
  [[ALT, "Shift", "T"], "help.key_new"],
  [[ALT, "Shift", "+ −"], "help.key_split"],
  [["Ctrl", ALT, "← → ↑ ↓"], "help.key_panes"],
  [[ALT, "Shift", "W"], "help.key_close_pane"],
  [["Ctrl", ALT, "PgUp PgDn"], "help.key_turn"],
  [["←", "→"], "help.key_tabs"],
  [["F2"], "help.key_rename"],
  [["Ctrl", "Shift", "← →"], "help.key_move"],
  [["←", "→"], "help.key_bar"],
  [["Enter"], "help.key_fold"],
  [["p"], "time.key_pause"],
  [["t", "Shift t"], "time.key_step"],
  [["l", "Esc"], "time.key_live"],
];

export function Help({ page, onClose }: { page: Boot["page"]; onClose: () => void }) {
  return (
    <Dialog title={t("help.title")} onClose={onClose} wide>
      <p class="prose">{t("help.idea")}</p>
      <ul class="worlds">
        <li class="world-container">
          <span class="worlds-edge" />
          <span>
            <span class="world-label">{t("help.container")}</span> {t("help.container_is")}
          </span>
        </li>
        <li class="world-host">
          <span class="worlds-edge" />
          <span>
            <span class="world-label">{t("help.host")}</span> {t("help.host_is")}
          </span>
        </li>
      </ul>
      <p class="prose">{t("help.link")}</p>
      {page === "workbench" && (
        <table class="key-table">
          <caption>{t("help.keys")}</caption>
          <tbody>
            {KEYS.map(([keys, what]) => (
              <tr key={what}>
                <th scope="row">
                  {keys.map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </th>
                <td>{t(what)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Dialog>
  );
}
