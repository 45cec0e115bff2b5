/** The bar on top of every page. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { language, t } from "../i18n/index";
import type { Boot, Language } from "../protocol/rest";
import { Help } from "./help";
import { Icon, Mark } from "./icons";
import { Menu } from "./menu";
import { type Theme, theme } from "./preferences";

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
  return (
    <header class="header">
      <a class="brand" href={boot.urls.home ?? "/playground"} aria-label={t("header.home")}>
        <Mark />
        <span class="brand-name">Terrarium</span>
      </a>
      <div class="header-subject">{children}</div>
      {actions && <div class="header-actions">{actions}</div>}
      <nav class="header-tools" aria-label={t("header.tools")}>
        <button
          type="button"
          class="button icon"
          aria-label={t("help.title")}
          title={t("help.title")}
          onClick={() => setHelp(true)}
        >
          <Icon name="help" />
        </button>
        <Menu
          label={t("header.theme")}
          items={THEMES.map((name) => ({
            label: t(`theme.${name}`),
            icon: THEME_ICON[name],
            checked: theme.value === name,
            onSelect: () => {
              theme.value = name;
            },
          }))}
        >
          <Icon name={THEME_ICON[theme.value]} />
        </Menu>
        <Menu
          label={t("header.language")}
          items={LANGUAGES.map(({ code, name, lang }) => ({
            label: name,
            lang,
            checked: language() === code,
            onSelect: () => post(boot.urls.setlang ?? "/i18n/setlang/", boot.csrf, { language: code, next: here() }),
          }))}
        >
          <Icon name="globe" />
        </Menu>
        <Menu
          label={t("header.account", { name: boot.user.name })}
          head={<p class="menu-head">{t("header.signed_in", { name: boot.user.name })}</p>}
          items={[
            ...(boot.user.is_staff ? [{ label: t("header.admin"), href: boot.urls.admin ?? "/admin/" }] : []),
            { label: t("header.api"), href: boot.urls.docs ?? "/api/v1/docs" },
            {
              label: t("header.sign_out"),
              onSelect: () => post(boot.urls.logout ?? "/accounts/logout/", boot.csrf, {}),
            },
          ]}
        >
          <Icon name="user" />
        </Menu>
      </nav>
      {help && <Help page={boot.page} onClose={() => setHelp(false)} />}
    </header>
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
