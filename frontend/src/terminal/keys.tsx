/**
 * Keys that a touch screen's keyboard lacks, in a row that scrolls. Ctrl and Alt hold for the next key, also one of the
 * screen's own keyboard, which stays open: the row never takes the focus from the terminal.
 */
import { useEffect } from "preact/hooks";
import { t, type Key as Word } from "../i18n/index";
import { announce } from "../ui/announce";
import { alt, control } from "./held";
import type { Key } from "./key_codes";
import type { Tab } from "./tab";

const SIGINT = 2;

const KEYS: readonly { label: string; key: Key; name?: Word }[] = [
  { label: "←", key: "left", name: "keys.left" },
  { label: "↑", key: "up", name: "keys.up" },
  { label: "↓", key: "down", name: "keys.down" },
  { label: "→", key: "right", name: "keys.right" },
  { label: "|", key: { text: "|" }, name: "keys.pipe" },
  { label: "/", key: { text: "/" }, name: "keys.slash" },
  { label: "-", key: { text: "-" }, name: "keys.dash" },
  { label: "~", key: { text: "~" }, name: "keys.tilde" },
  { label: "Home", key: "home" },
  { label: "End", key: "end" },
  { label: "PgUp", key: "page-up", name: "keys.page_up" },
  { label: "PgDn", key: "page-down", name: "keys.page_down" },
];

export function TouchKeys({ tab }: { tab: Tab | null }) {
  const parts = tab?.parts.value ?? null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was held for one terminal is not for the next
  useEffect(() => {
    control.value = false;
    alt.value = false;
  }, [parts]);
  const press = (key: Key) => parts?.screen.press(key);
  const interrupt = () => {
    parts?.session.signal(SIGINT);
    announce(t("keys.interrupted"));
  };
  return (
    <div
      class="touch-keys"
      role="toolbar"
      aria-label={t("keys.label")}
      onMouseDown={(event) => event.preventDefault()} // the focus, and with it the screen's keyboard, stays
    >
      <OneKey label="Esc" onPress={() => press("escape")} />
      <OneKey label="Tab" onPress={() => press("tab")} />
      <OneKey
        label="Ctrl"
        held={control.value}
        onPress={() => {
          control.value = !control.value;
        }}
      />
      <OneKey
        label="Alt"
        held={alt.value}
        onPress={() => {
          alt.value = !alt.value;
        }}
      />
      <OneKey label="^C" name="keys.interrupt" onPress={interrupt} />
      {KEYS.map(({ label, key, name }) => (
        <OneKey key={label} label={label} {...(name && { name })} onPress={() => press(key)} />
      ))}
    </div>
  );
}

interface OneKeyProps {
  label: string;
  name?: Word;
  held?: boolean;
  onPress: () => void;
}

function OneKey({ label, name, held, onPress }: OneKeyProps) {
  return (
    <button
      type="button"
      class="touch-key"
      aria-label={name === undefined ? label : t(name)}
      {...(held !== undefined && { "aria-pressed": held })}
      onClick={onPress}
    >
      {label}
    </button>
  );
}
