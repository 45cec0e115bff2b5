/** Dialogs: the browser's own `<dialog>`, and a question that is awaited. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n/index";
import { Icon } from "./icons";

/** What has the focus when a dialog opens: what it says itself, what it is for, the way out where that is dangerous. */
const FIRST = ["[data-first]", ".dialog-actions .primary", ".dialog-actions button"];

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
}

export function Dialog({ title, onClose, children, wide = false }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    element?.querySelector<HTMLElement>(FIRST.find((one) => element.querySelector(one)) ?? "button")?.focus();
    return () => {
      element?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={`dialog ${wide ? "wide" : ""}`}
      aria-labelledby={id}
      onCancel={onClose} // it closes at once: keys typed within this frame are no longer its own
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <div class="dialog-body">
        <div class="dialog-head">
          <h2 id={id}>{title}</h2>
          <button type="button" class="button icon small" aria-label={t("common.close")} onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}

export interface Question {
  title: string;
  body: ComponentChildren;
  action: string;
  danger?: boolean;
}

const asked = signal<{ question: Question; answer: (yes: boolean) => void } | null>(null);

/** Asks and waits; false when it is dismissed. */
export function ask(question: Question): Promise<boolean> {
  asked.value?.answer(false);
  return new Promise((resolve) => {
    asked.value = {
      question,
      answer: (yes) => {
        asked.value = null;
        resolve(yes);
      },
    };
  });
}

/** Where questions appear; once a page. */
export function Asker() {
  if (asked.value === null) return null;
  const { question, answer } = asked.value;
  return (
    <Dialog title={question.title} onClose={() => answer(false)}>
      <div class="dialog-text">{question.body}</div>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={() => answer(false)}>
          {t("common.cancel")}
        </button>
        <button type="button" class={`button ${question.danger ? "danger" : "primary"}`} onClick={() => answer(true)}>
          {question.action}
        </button>
      </div>
    </Dialog>
  );
}
