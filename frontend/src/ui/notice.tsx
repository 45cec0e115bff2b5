/** A sentence that stays, with the next action as a button: what happened, to what, what to do. */
import type { ComponentChildren } from "preact";
import { t } from "../i18n/index";
import type { Failure } from "./failure";
import { Icon } from "./icons";

interface Props {
  tone: "plain" | "warn" | "bad";
  title: string;
  children?: ComponentChildren;
  actions?: ComponentChildren;
}

export function Notice({ tone, title, children, actions }: Props) {
  return (
    <div class={`notice ${tone}`} role={tone === "bad" ? "alert" : "status"}>
      {tone !== "plain" && <Icon name="warn" />}
      <div class="notice-text">
        <p class="notice-title">{title}</p>
        {children}
      </div>
      {actions && <div class="notice-actions">{actions}</div>}
    </div>
  );
}

interface FailureProps {
  failure: Failure;
  onRetry?: () => void;
  onDismiss?: () => void;
}

export function FailureNotice({ failure, onRetry, onDismiss }: FailureProps) {
  return (
    <Notice
      tone="bad"
      title={failure.title}
      actions={
        <>
          {failure.next === "retry" && onRetry && (
            <button type="button" class="button small" onClick={onRetry}>
              {t("common.retry")}
            </button>
          )}
          {failure.next === "login" && (
            <button type="button" class="button small" onClick={() => location.reload()}>
              {t("common.sign_in")}
            </button>
          )}
          {onDismiss && (
            <button type="button" class="button icon small" aria-label={t("common.dismiss")} onClick={onDismiss}>
              <Icon name="close" />
            </button>
          )}
        </>
      }
    >
      <p>{failure.detail}</p>
      {failure.technical && <p class="notice-technical mono">{failure.technical}</p>}
    </Notice>
  );
}
