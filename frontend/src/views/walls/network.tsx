/** The network namespace from inside, and what of the host's it is joined to. */
import "./walls.css";
import { memo } from "preact/compat";
import { bytes, exactBytes } from "../../i18n/format";
import { t } from "../../i18n/index";
import type { Interface, Listening, Network, NetworkView, Route, Snapshot } from "../../protocol/generated";
import { commandLine, printable } from "../../state/format";
import type { Marks } from "../../state/marks";
import { type Side, useSurroundings } from "../context";
import { Ask, markAttributes, SignMark, useThing, Words, World } from "../parts";
import { Waiting } from "./waiting";

interface Props {
  snapshot: Snapshot;
  marks: Marks;
}

export const NetworkPanel = memo(
  Wires,
  (a, b) =>
    a.snapshot.walls?.network === b.snapshot.walls?.network &&
    a.snapshot.gaps === b.snapshot.gaps &&
    // A socket is told by its process's name, which is there only while it lives.
    (a.snapshot.container.processes === b.snapshot.container.processes ||
      (b.snapshot.walls?.network?.container.listening.length ?? 0) === 0) &&
    a.marks === b.marks,
);

function Wires({ snapshot, marks }: Props) {
  const network = snapshot.walls?.network ?? null;
  if (network === null) return <Waiting snapshot={snapshot} wall="network" />;
  const { container, host } = network;
  return (
    <div class="nw">
      <p class="note">{t("nw.words")}</p>
      {onlyLoopback(container) && (
        <div class="nw-none">
          <h4>{t("nw.none_title")}</h4>
          <p>
            <Words text={t("nw.none")} command={<Typed command="ip link" />} />
          </p>
          <p class="note">{t("nw.none_how")}</p>
        </div>
      )}
      <Pairs network={network} />
      <h4>
        {t("nw.interfaces")} <World side="container" />{" "}
        <Ask panel="network" question="links" title="ip link" sides={["container", "host"]} class="mini" />
      </h4>
      <Interfaces side="container" view={container} marks={marks} />
      <Routes routes={container.routes} />
      <Sockets snapshot={snapshot} listening={container.listening} />
      <details class="panel-more">
        <summary>
          {t("nw.interfaces")} <World side="host" />{" "}
          <span class="muted num">{Object.keys(host.interfaces).length}</span>
        </summary>
        <p class="note">{t("nw.host_words")}</p>
        <Interfaces side="host" view={host} marks={marks} />
      </details>
    </div>
  );
}

export const onlyLoopback = (view: NetworkView): boolean => {
  const all = Object.entries(view.interfaces);
  return all.length > 0 && all.every(([name, one]) => name === "lo" || one.kind === "loopback");
};

/** A command that a person may try: typed in the terminal where there is one. */
function Typed({ command }: { command: string }) {
  const { typeIntoTerminal } = useSurroundings();
  if (!typeIntoTerminal) return <code>{command}</code>;
  return (
    <button
      type="button"
      class="mini strong mono nw-typed"
      title={t("showme.type")}
      onClick={() => typeIntoTerminal(command)}
    >
      {command}
    </button>
  );
}

/** Both ends of a cable that leads out. */
function Pairs({ network }: { network: Network }) {
  const pairs = Object.entries(network.container.interfaces).flatMap(([name, one]) => {
    if (one.peer_index == null) return [];
    const [far] =
      Object.entries(network.host.interfaces).find(
        ([outside, end]) =>
          outside === one.peer_name ||
          (one.peer_name == null && end.index === one.peer_index && end.peer_index === one.index),
      ) ?? [];
    return [{ name, far: far ?? null, index: one.peer_index }];
  });
  if (pairs.length === 0) return null;
  return (
    <section aria-label={t("nw.pair")}>
      <h4>{t("nw.pair")}</h4>
      {pairs.map(({ name, far, index }) => (
        <div key={name} class="nw-pair">
          <code class="nw-end world-container" {...{ "data-thing": `network:${name}` }}>
            {printable(name)}
          </code>
          <span class="nw-cable" aria-hidden="true" />
          <code class="nw-end world-host" {...{ "data-thing": `network:host ${far ?? index}` }}>
            {far === null ? `#${index}` : printable(far)}
          </code>
          <p class="note">
            {far === null
              ? t("nw.pair_far", { inside: printable(name), index })
              : t("nw.pair_words", { inside: printable(name), outside: printable(far) })}
          </p>
        </div>
      ))}
    </section>
  );
}

function Interfaces({ side, view, marks }: { side: Side; view: NetworkView; marks: Marks }) {
  const all = Object.entries(view.interfaces).sort(([, a], [, b]) => a.index - b.index);
  if (all.length === 0) return <p class="note">{t("nw.none_read")}</p>;
  return (
    <ul class={`nw-list world-${side}`}>
      {all.map(([name, one]) => (
        <Wire key={name} side={side} name={name} one={one} marks={marks} />
      ))}
    </ul>
  );
}

const STATES = ["UP", "DOWN", "UNKNOWN", "LOWERLAYERDOWN", "NOTPRESENT", "DORMANT", "TESTING"] as const;

function stateWords(state: string): string {
  const known = STATES.find((one) => one === state.toUpperCase());
  return known === undefined ? printable(state) : t(`nw.state_${known}`);
}

function Wire({ side, name, one, marks }: { side: Side; name: string; one: Interface; marks: Marks }) {
  const marked = side === "container";
  return (
    <li
      {...useThing(marked ? `network:${name}` : `network:host ${name}`)}
      {...(marked ? markAttributes(marks, name) : {})}
    >
      <p class="nw-name">
        {marked && <SignMark sign={marks.signs.get(name)} />}
        <Ask panel="network" question={marked ? "dev" : "links"} title={name} sides={[side]}>
          <code>{printable(name)}</code>
        </Ask>{" "}
        <span class="badge">{printable(one.kind)}</span> <span>{stateWords(one.state)}</span>
      </p>
      <p class="nw-addresses mono">
        {one.addresses.length > 0
          ? one.addresses.map(printable).join("  ")
          : side === "container" && <span class="muted">{t("nw.no_address")}</span>}
      </p>
      <p class="note num">
        {t("nw.index", { index: one.index })} · {t("nw.mtu", { bytes: exactBytes(one.mtu) })}
        {one.mac != null && (
          <>
            {" · "}
            <code>{printable(one.mac)}</code>
          </>
        )}
        {one.rx_bytes != null && one.tx_bytes != null && (
          <>
            {" · "}
            <span title={exactBytes(one.rx_bytes)}>
              {t("nw.received")} {bytes(one.rx_bytes)}
            </span>
            {", "}
            <span title={exactBytes(one.tx_bytes)}>
              {t("nw.sent")} {bytes(one.tx_bytes)}
            </span>
          </>
        )}
      </p>
      {side === "container" && name === "lo" && <p class="note">{t("nw.lo")}</p>}
    </li>
  );
}

function Routes({ routes }: { routes: readonly Route[] }) {
  const out = routes.filter((route) => route.table !== "local" && route.interface !== "lo");
  return (
    <section aria-label={t("nw.routes")}>
      <h4>
        {t("nw.routes")}{" "}
        <Ask panel="network" question="route" title="ip route" sides={["container", "host"]} class="mini" />
      </h4>
      {out.length === 0 && <p class="note">{t(routes.length === 0 ? "nw.routes_none" : "nw.routes_local")}</p>}
      {routes.length > 0 && (
        <ul class="nw-plain">
          {routes.map((route) => (
            <li key={`${route.family} ${route.table} ${route.destination} ${route.interface} ${route.gateway}`}>
              <Words
                text={t(route.gateway == null ? "nw.route_on" : "nw.route_via")}
                destination={<code>{printable(route.destination)}</code>}
                gateway={<code>{printable(route.gateway ?? "")}</code>}
                interface={<code>{printable(route.interface ?? "?")}</code>}
              />{" "}
              {route.table !== "main" && <span class="muted">{t("nw.table", { table: printable(route.table) })}</span>}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** What makes a socket listen with what the image has. */
const LISTEN = {
  busybox: "nc -l -p 8080",
  python: `python3 -c 'import socket; socket.create_server(("", 8080)).accept()'`,
};

const EVERYWHERE: ReadonlySet<string> = new Set(["0.0.0.0", "::", "*"]);

function Sockets({ snapshot, listening }: { snapshot: Snapshot; listening: readonly Listening[] }) {
  return (
    <section aria-label={t("nw.listening")}>
      <h4>
        {t("nw.listening")}{" "}
        <Ask panel="network" question="sockets" title="ss -lntu" sides={["container", "host"]} class="mini" />
      </h4>
      {listening.length === 0 ? (
        <p class="note">
          <Words
            text={t("nw.listening_none")}
            command={<Typed command={LISTEN[/busybox/i.test(snapshot.info.image) ? "busybox" : "python"]} />}
          />
        </p>
      ) : (
        <ul class="nw-plain">
          {listening.map((one) => (
            <li key={`${one.protocol} ${one.address} ${one.port} ${one.pid}`}>
              <Words
                text={t("nw.listens")}
                protocol={<code>{one.protocol}</code>}
                port={<b class="num">{one.port}</b>}
                address={EVERYWHERE.has(one.address) ? t("nw.any") : <code>{printable(one.address)}</code>}
              />{" "}
              <Owner snapshot={snapshot} one={one} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Owner({ snapshot, one }: { snapshot: Snapshot; one: Listening }) {
  const { reveal } = useSurroundings();
  const { pid = null, uid = null } = one;
  if (pid === null) {
    const who = uid === null ? t("nw.by_unknown") : t("nw.by", { who: t("nw.uid", { uid }) });
    return <span class="muted">{who}</span>;
  }
  const process = snapshot.container.processes[String(pid)];
  const words = process
    ? t("nw.process", { inner: process.pid, command: commandLine(process.cmdline, process.comm, true) })
    : t("nw.process_out", { pid });
  return (
    <button type="button" class="mini" onClick={() => reveal("processes", `process:${pid}`)}>
      {t("nw.by", { who: words })}
    </button>
  );
}
