/** The bar on top of every page. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { language, t } from "../i18n/index";
import type { Boot, Language } from "../protocol/rest";
import { Help } from "./help";
import { Icon, Mark } from "./icons";
import { Menu, type MenuItem } from "./menu";
import { narrow, type Theme, theme } from "./preferences";

const LANGUAGES: readonly { code: Language; name: string; lang: string }[] = [
  { code: "en", name: "English", lang: "en" },
  { code: "zh-hans", name: "简体中文", lang: "zh-Hans" },
];
const THEMES: readonly Theme[] = ["auto", "light", "dark"];
const THEME_ICON = { auto: "auto", light: "sun", dark: "moon" } as const;

interface Props {
  boot: Boot;
  /** What this page is about. */
  children?: ComponentChildren;
  actions?: ComponentChildren;
}

export function Header({ boot, children, actions }: Props) {
  const [help, setHelp] = useState(false);
  const all = tools(boot, () => setHelp(true));
  return (
    <header class="header">
      <a class="brand" href={boot.urls.home ?? "/playground"} aria-label={t("header.home")}>
        <Mark />
        <span class="brand-name">Terrarium</span>
      </a>
      <div class="header-subject">{children}</div>
      {actions && <div class="header-actions">{actions}</div>}
      <nav class="header-tools" aria-label={t("header.tools")}>
        {actions && narrow.value ? <OneMenu {...all} /> : <Tools {...all} />}
      </nav>
      {help && <Help page={boot.page} onClose={() => setHelp(false)} />}
    </header>
  );
}

/** Leads from a page to the one above it; the first of a header's children. */
export const Back = ({ href, label }: { href: string; label: string }) => (
  <a class="header-back" href={href} aria-label={label} title={label}>
    <Icon name="back" />
  </a>
);

interface Everything {
  name: string;
  help: MenuItem;
  themes: readonly MenuItem[];
  languages: readonly MenuItem[];
  account: readonly MenuItem[];
}

/** What every page offers beside its subject. */
function tools(boot: Boot, showHelp: () => void): Everything {
  return {
    name: boot.user.name,
    help: { label: t("help.title"), icon: "help", onSelect: showHelp },
    themes: THEMES.map((name) => ({
      label: t(`theme.${name}`),
      icon: THEME_ICON[name],
      checked: theme.value === name,
      onSelect: () => {
        theme.value = name;
      },
    })),
    languages: LANGUAGES.map(({ code, name, lang }) => ({
      label: name,
      lang,
      checked: language() === code,
      onSelect: () => post(boot.urls.setlang ?? "/i18n/setlang/", boot.csrf, { language: code, next: here() }),
    })),
    account: [
      { label: t("recordings.title"), href: boot.urls.recordings ?? "/playground/recordings" },
      ...(boot.user.is_staff ? [{ label: t("header.admin"), href: boot.urls.admin ?? "/admin/" }] : []),
      { label: t("header.api"), href: boot.urls.docs ?? "/api/v1/docs" },
      { label: t("header.sign_out"), onSelect: () => post(boot.urls.logout ?? "/accounts/logout/", boot.csrf, {}) },
    ],
  };
}

function Tools({ name, help, themes, languages, account }: Everything) {
  return (
    <>
      <button type="button" class="button icon" aria-label={help.label} title={help.label} onClick={help.onSelect}>
        <Icon name="help" />
      </button>
      <Menu label={t("header.theme")} items={themes}>
        <Icon name={THEME_ICON[theme.value]} />
      </Menu>
      <Menu label={t("header.language")} items={languages}>
        <Icon name="globe" />
      </Menu>
      <Menu
        label={t("header.account", { name })}
        head={<p class="menu-head">{t("header.signed_in", { name })}</p>}
        items={account}
      >
        <Icon name="user" />
      </Menu>
    </>
  );
}

/** All of them behind one button, where the page's subject needs the room. */
function OneMenu({ name, help, themes, languages, account }: Everything) {
  return (
    <Menu
      label={t("header.page")}
      items={[help]}
      groups={[
        { label: t("header.theme"), items: themes },
        { label: t("header.language"), items: languages },
        { label: t("header.signed_in", { name }), items: account },
      ]}
    >
      <Icon name="user" />
    </Menu>
  );
}

const here = () => location.pathname + location.search;

/** Sends a form of Django's, whose answer is a page. */
function post(url: string, csrf: string, fields: Record<string, string>): void {
  const form = document.createElement("form");
  form.method = "post";
  form.action = url;
  for (const [name, value] of Object.entries({ csrfmiddlewaretoken: csrf, ...fields })) {
    const input = document.createElement("input");
    input.type = "hidden";
    input.name = name;
    input.value = value;
    form.append(input);
  }
  document.body.append(form);
  form.submit();
}
