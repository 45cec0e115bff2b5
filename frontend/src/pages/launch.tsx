/** "New container": a click on an image launches it; what differs from the defaults is behind "More". */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { bytes, number } from "../i18n/format";
import { type Key, t, tn } from "../i18n/index";
import type { Api } from "../protocol/api";
import type { Boot, Image, LaunchRequest } from "../protocol/rest";
import { copyText } from "../terminal/clipboard";
import { lastSize } from "../terminal/size";
import { announce } from "../ui/announce";
import { type Failure, failure } from "../ui/failure";
import { Icon } from "../ui/icons";
import { FailureNotice, Notice } from "../ui/notice";

const MIB = 1024 * 1024;

interface Wishes {
  name: string;
  memory: string;
  cpus: string;
  pids: string;
}

const NOTHING: Wishes = { name: "", memory: "", cpus: "", pids: "" };

interface Props {
  boot: Boot;
  api: Api;
  /** There is no other container yet: this is the page's main thing. */
  first: boolean;
  onLaunched: (id: string) => void;
}

export function Launch({ boot, api, first, onLaunched }: Props) {
  const wishes = useSignal(NOTHING);
  const launching = useSignal<string | null>(null);
  const problem = useSignal<(Failure & { again: () => void }) | null>(null);
  const { quota, images } = boot;

  // Back by the browser's history, the page may be as it was left: in the middle of a launch.
  useEffect(() => {
    const shown = (event: PageTransitionEvent) => {
      if (event.persisted) launching.value = null;
    };
    window.addEventListener("pageshow", shown);
    return () => window.removeEventListener("pageshow", shown);
  }, [launching]);

  const launch = async (image: Image) => {
    if (launching.value !== null) return;
    launching.value = image.name;
    problem.value = null;
    try {
      const container = await api.launch({ ...request(image, wishes.value), ...lastSize.peek() });
      onLaunched(container.id);
    } catch (error) {
      launching.value = null;
      problem.value = { ...failure(error, "failure.launch"), again: () => void launch(image) };
    }
  };

  const example = images[0]?.name ?? "busybox";
  return (
    <section class="home-section launch" aria-labelledby="new">
      <header class="section-head">
        {first ? <h2 id="new">{t("launch.choose")}</h2> : <h1 id="new">{t("launch.title")}</h1>}
        {!first && <span>{t("launch.hint")}</span>}
      </header>
      {problem.value && (
        <FailureNotice
          failure={problem.value}
          onRetry={problem.value.again}
          onDismiss={() => {
            problem.value = null;
          }}
        />
      )}
      {images.length === 0 && !boot.error && (
        <Notice tone="plain" title={t("launch.no_images")}>
          <p>
            {t("launch.no_images_body")} <code>./dev up</code>
          </p>
        </Notice>
      )}
      <ul class="image-list">
        {images.map((image) => (
          <li key={image.name}>
            <button
              type="button"
              class="image-card"
              aria-disabled={launching.value !== null}
              data-launching={launching.value === image.name ? "true" : undefined}
              onClick={() => void launch(image)}
            >
              <span class="image-title mono">
                {image.name}
                <span class="image-facts num">
                  {tn("format.layers", image.layers.length)} · {bytes(image.size_bytes)}
                </span>
              </span>
              <span class="image-about">{about(image)}</span>
              <span class="image-go">
                {launching.value === image.name ? (
                  <>
                    <Icon name="spinner" class="spin" />
                    {t("action.starting")}
                  </>
                ) : (
                  <>
                    {t("launch.go")}
                    <Icon name="right" />
                  </>
                )}
              </span>
            </button>
          </li>
        ))}
      </ul>
      <details class="more">
        <summary>
          <Icon name="right" />
          {t("launch.more")}
        </summary>
        <div class="more-fields">
          <Field
            wishes={wishes}
            name="name"
            label="launch.name"
            failed={problem.value}
            placeholder={t("launch.name_any")}
          />
          <Field
            wishes={wishes}
            name="memory"
            label="launch.memory"
            failed={problem.value}
            field="memory_bytes"
            placeholder={String(quota.defaults.memory_bytes / MIB)}
            note={t("launch.at_most", { most: bytes(quota.memory_bytes) })}
          />
          <Field
            wishes={wishes}
            name="cpus"
            label="launch.cpus"
            failed={problem.value}
            placeholder={String(quota.defaults.cpus)}
            note={t("launch.at_most_cores", { most: number(quota.cpus) })}
          />
          <Field
            wishes={wishes}
            name="pids"
            label="launch.pids"
            failed={problem.value}
            placeholder={String(quota.defaults.pids)}
            note={t("launch.at_most", { most: number(quota.pids) })}
          />
        </div>
      </details>
      <details class="more">
        <summary>
          <Icon name="right" />
          {t("launch.curl")}
        </summary>
        <Curl image={example} wishes={wishes.value} />
      </details>
    </section>
  );
}

/** What an image is, in the reader's language where it is one of ours. */
function about(image: Image): string {
  const ours = { busybox: "image.busybox", debian: "image.debian" } as const;
  return image.name in ours ? t(ours[image.name as keyof typeof ours]) : image.title;
}

interface FieldProps {
  wishes: { value: Wishes };
  name: keyof Wishes;
  label: Key;
  placeholder: string;
  note?: string;
  /** The member of the request, where it has another name. */
  field?: string;
  failed: Failure | null;
}

function Field({ wishes, name, label, placeholder, note, field = name, failed }: FieldProps) {
  const blamed = failed?.field === field;
  const below = (blamed && failed?.technical) || note;
  return (
    <div class="field">
      <label for={`wish-${name}`}>{t(label)}</label>
      <input
        id={`wish-${name}`}
        class="input"
        inputMode={name === "name" ? "text" : "decimal"}
        autocomplete="off"
        maxLength={63}
        placeholder={placeholder}
        value={wishes.value[name]}
        aria-invalid={blamed}
        aria-describedby={below ? `note-${name}` : undefined}
        onInput={(event) => {
          wishes.value = { ...wishes.value, [name]: event.currentTarget.value };
        }}
      />
      {below && (
        <span class={`note ${blamed ? "bad" : ""}`} id={`note-${name}`}>
          {below}
        </span>
      )}
    </div>
  );
}

function Curl({ image, wishes }: { image: string; wishes: Wishes }) {
  const body = JSON.stringify(request({ name: image }, wishes));
  const command = [
    `curl -X POST ${location.origin}/api/v1/containers \\`,
    '  -H "Authorization: Bearer $(./dev token)" \\',
    '  -H "Content-Type: application/json" \\',
    `  -d '${body.replaceAll("'", "'\\''")}'`,
  ].join("\n");
  return (
    <div class="curl">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <pre tabIndex={0}>
        <code>{command}</code>
      </pre>
      <button
        type="button"
        class="button icon small"
        aria-label={t("common.copy")}
        title={t("common.copy")}
        onClick={async () => announce(t((await copyText(command)) ? "common.copied" : "common.not_copied"))}
      >
        <Icon name="copy" />
      </button>
      <p class="note">{t("launch.curl_note")}</p>
    </div>
  );
}

/** Only what was filled in: the rest is for the other side to decide. What is no number goes as text, to be refused. */
export function request(image: Pick<Image, "name">, wishes: Wishes): LaunchRequest {
  const { name, memory, cpus, pids } = wishes;
  return {
    image: image.name,
    ...(name.trim() && { name: name.trim() }),
    ...(memory.trim() && { memory_bytes: Math.round(Number(memory) * MIB) }),
    ...(cpus.trim() && { cpus: Number(cpus) }),
    ...(pids.trim() && { pids: Number(pids) }),
  };
}
