/** One process looked at closely: what the kernel tells of it when asked, each number as both sides have it. */
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { bytes, dateTime, exactBytes, number } from "../i18n/format";
import { t } from "../i18n/index";
import { ApiError } from "../protocol/api";
import type { ProcessDetail } from "../protocol/generated";
import { commandLine, printable, usec } from "../state/format";
import type { Row } from "../state/tree";
import { Dialog } from "../ui/dialog";
import { type Side, useSurroundings } from "./context";
import { Worlds } from "./parts";

interface Props {
  row: Row;
  /** The panels show now. */
  live: boolean;
  ask(side: Side, row: Row): void;
  onClose(): void;
}

type Answer =
  | { state: "asking" }
  | { state: "failed"; message: string; gone: boolean }
  | { state: "told"; detail: ProcessDetail };

export function Peek({ row, live, ask, onClose }: Props) {
  const { calls } = useSurroundings();
  const [answer, setAnswer] = useState<Answer>({ state: "asking" });
  const closed = useRef(false);
  const pid = Number(row.key);
  const read = useCallback(async () => {
    if (!calls) return;
    setAnswer({ state: "asking" });
    try {
      const detail = await calls.process(pid);
      if (!closed.current) setAnswer({ state: "told", detail });
    } catch (error) {
      const gone = error instanceof ApiError && error.code === "not-found";
      const message = error instanceof Error ? error.message : String(error);
      if (!closed.current) setAnswer({ state: "failed", message, gone });
    }
  }, [calls, pid]);
  useEffect(() => {
    closed.current = false;
    void read();
    return () => {
      closed.current = true;
    };
  }, [read]);

  const inner = row.inside?.pid ?? "?";
  return (
    <Dialog
      title={t("peek.title", { command: printable(row.inside?.comm ?? "?"), inner, outer: pid })}
      onClose={onClose}
      wide
    >
      <div class="peek">
        {!live && <p class="note">{t("peek.now")}</p>}
        {answer.state === "asking" && <p role="status">{t("peek.loading")}</p>}
        {answer.state === "failed" && (
          <p role="alert">
            {answer.gone ? t("peek.gone") : t("peek.failed", { message: answer.message })}{" "}
            <button type="button" class="mini" onClick={() => void read()}>
              {t("peek.retry")}
            </button>
          </p>
        )}
        {answer.state === "told" && <Detail detail={answer.detail} />}
        <p>
          <button
            type="button"
            class="mini"
            aria-haspopup="dialog"
            onClick={() => {
              onClose();
              ask("host", row);
            }}
          >
            {t("peek.source", { pid })}
          </button>
        </p>
      </div>
    </Dialog>
  );
}

function Detail({ detail }: { detail: ProcessDetail }) {
  return (
    <>
      <p>
        <code>{commandLine(detail.cmdline ?? [], detail.comm)}</code>{" "}
        <span class="muted num">PID {detail.ns_pids.join(" › ")}</span>
      </p>
      <Ids detail={detail} />
      <Part title={`${t("peek.threads")} (${number(detail.threads.length)})`}>
        <table>
          <thead>
            <tr>
              <Worlds />
              <th scope="col">{t("peek.name")}</th>
              <th scope="col">{t("proc.state")}</th>
              <th scope="col">{t("peek.thread_cpu")}</th>
            </tr>
          </thead>
          <tbody>
            {detail.threads.map((thread) => (
              <tr key={thread.tid}>
                <td class="num mono">{thread.ns_tid ?? "?"}</td>
                <td class="num mono">{thread.tid}</td>
                <td>
                  <code>{printable(thread.comm)}</code>
                </td>
                <td>
                  <code>{thread.state}</code>
                </td>
                <td class="num">{usec(thread.cpu_usec)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Part>
      <Part title={t("peek.figures")}>
        <dl>
          <Figure name={t("peek.started")}>{dateTime(new Date(detail.started_at * 1000))}</Figure>
          <Size name={t("peek.rss")} value={detail.rss_bytes} />
          <Size name={t("peek.vm")} value={detail.vm_bytes} />
          <Figure name={t("peek.files")}>{counted(detail.open_files)}</Figure>
          <Figure name={t("peek.switches")}>
            {detail.voluntary_switches == null ? (
              <Unknown />
            ) : (
              t("peek.switches_words", {
                own: number(detail.voluntary_switches),
                forced: number(detail.involuntary_switches ?? 0),
              })
            )}
          </Figure>
          <Figure name={t("peek.oom")}>
            {detail.oom_score == null ? (
              <Unknown />
            ) : (
              t("peek.oom_words", { score: number(detail.oom_score), adj: number(detail.oom_score_adj ?? 0) })
            )}
          </Figure>
          <Figure name={<code>no_new_privs</code>}>
            {detail.no_new_privs == null ? <Unknown /> : t(detail.no_new_privs ? "peek.yes" : "peek.no")}
          </Figure>
          <Figure name={<code>seccomp</code>}>
            {detail.seccomp === 0 || detail.seccomp === 1 || detail.seccomp === 2 ? (
              t(`peek.seccomp_${detail.seccomp}`)
            ) : (
              <Unknown />
            )}
          </Figure>
        </dl>
      </Part>
      <Part title={t("peek.paths")}>
        <dl>
          <Path name={t("peek.program")} path={detail.exe} />
          <Path name={t("peek.directory")} path={detail.cwd} />
          <Path name={t("peek.root")} path={detail.root} />
        </dl>
      </Part>
      <Part title={t("peek.namespaces")}>
        <dl>
          {Object.entries(detail.namespaces).map(([kind, id]) => (
            <Figure key={kind} name={<code>{kind}</code>}>
              <code class="num">{id || "∅"}</code>
            </Figure>
          ))}
        </dl>
      </Part>
      <Part title={t("peek.caps")}>
        <dl>
          {Object.entries(detail.capabilities).map(([set, names]) => (
            <Figure key={set} name={<code>{set}</code>}>
              <Capabilities names={names} />
            </Figure>
          ))}
        </dl>
      </Part>
      <Part title={t("peek.cgroups")}>
        <dl>
          {Object.entries(detail.cgroups).map(([controller, path]) => (
            <Figure key={controller} name={<code>{controller}</code>}>
              <code>{path}</code>
            </Figure>
          ))}
        </dl>
      </Part>
    </>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function Figure({ name, children }: { name: ComponentChildren; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

const Unknown = () => (
  <span class="gap" title={t("peek.unknown")}>
    ∅ <span class="sr-only">{t("peek.unknown")}</span>
  </span>
);

const counted = (value: number | null | undefined): ComponentChildren => (value == null ? <Unknown /> : number(value));

function Size({ name, value }: { name: string; value: number | null | undefined }) {
  return (
    <Figure name={name}>{value == null ? <Unknown /> : <span title={exactBytes(value)}>{bytes(value)}</span>}</Figure>
  );
}

function Path({ name, path }: { name: string; path: string | null | undefined }) {
  return <Figure name={name}>{path == null ? <Unknown /> : <code>{printable(path)}</code>}</Figure>;
}

/** Many are folded: a full set is known by its number. */
function Capabilities({ names }: { names: readonly string[] }) {
  if (names.length === 0) return <span class="muted">{t("peek.caps_none")}</span>;
  const list = names.map((name) => name.replace(/^CAP_/, "").toLowerCase()).join(" ");
  if (names.length <= 6) return <code>{list}</code>;
  return (
    <details>
      <summary>{t("peek.caps_all", { count: names.length })}</summary>
      <code>{list}</code>
    </details>
  );
}

const ROLES = ["peek.real", "peek.effective", "peek.saved", "peek.fs"] as const;

/** Real, effective, saved and file system ids, inside and outside. */
function Ids({ detail }: { detail: ProcessDetail }) {
  const sets = [
    ["peek.uid", detail.uids, detail.uids_inside],
    ["peek.gid", detail.gids, detail.gids_inside],
  ] as const;
  return (
    <Part title={t("peek.ids")}>
      <table>
        <thead>
          <tr>
            <td />
            <Worlds />
          </tr>
        </thead>
        <tbody>
          {sets.flatMap(([name, outside, inside]) =>
            rolesOf(outside, inside).map((at) => (
              <tr key={`${name}${at}`}>
                <th scope="row">{t("peek.id_of", { id: t(name), which: t(ROLES[at] ?? "peek.real") })}</th>
                <td class="num mono">{inside ? (inside[at] ?? t("peek.unmapped")) : <Unknown />}</td>
                <td class="num mono">{outside?.[at] ?? <Unknown />}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
      {detail.groups && detail.groups.length > 0 && (
        <p class="note">{t("peek.groups", { groups: detail.groups.join(", ") })}</p>
      )}
    </Part>
  );
}

/** All four where they differ; the first stands for all where they are the same. */
function rolesOf(
  outside: readonly number[] | null | undefined,
  inside: readonly (number | null)[] | null | undefined,
): number[] {
  const ids = outside ?? inside ?? [];
  return ids.every((id) => id === ids[0]) ? [0] : ids.map((_, at) => at);
}
