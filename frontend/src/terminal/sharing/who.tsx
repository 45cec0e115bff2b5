/** Who is here, on demand: a button with their number, and the list it opens. */
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { bytes } from "../../i18n/format";
import { type Key, t, tn } from "../../i18n/index";
import { Icon } from "../../ui/icons";
import { type Audience, FAR_BEHIND, type Person } from "./people";
import { Name } from "./said";

export function Who({ audience }: { audience: Audience }) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const { self, others } = audience;

  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
    };
  }, [open]);

  if (others.length === 0) return null;
  const label = tn("share.who_button", others.length);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes what the button within opened
    <div
      class="who"
      ref={root}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !open) return;
        event.stopPropagation();
        setOpen(false);
        button.current?.focus();
      }}
    >
      <button
        type="button"
        ref={button}
        class="button small who-button"
        aria-label={label}
        title={label}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        <Icon name="user" />
        <span class="num">{others.length}</span>
        <Icon name="down" />
      </button>
      {open && (
        <section class="who-list" id={id} aria-label={t("share.who")}>
          <ul class="who-people">
            {[...(self ? [self] : []), ...others].map((person) => (
              <li key={person.id}>
                <Name>{person.name}</Name>
                <span class="who-kind">{t(`share.who_${person.kind}` satisfies Key)}</span>
                {doing(person).map((words) => (
                  <span class="who-doing" key={words}>
                    {words}
                  </span>
                ))}
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

function doing(person: Person): string[] {
  return [
    ...(person.types ? [t("share.who_types")] : []),
    ...(person.asks ? [t("share.who_asks")] : []),
    ...(person.away ? [t("share.who_away")] : []),
    ...(person.lag > FAR_BEHIND ? [t("share.who_behind", { size: bytes(person.lag) })] : []),
  ];
}
