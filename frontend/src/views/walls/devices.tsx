/** /dev on both sides: what a container has, and why each is there; what it has not, and why. */
import "./walls.css";
import { memo } from "preact/compat";
import { useMemo } from "preact/hooks";
import { number } from "../../i18n/format";
import { t, tn } from "../../i18n/index";
import type { Device, Devices, Snapshot } from "../../protocol/generated";
import { printable } from "../../state/format";
import type { Marks } from "../../state/marks";
import { modeWord } from "../layers/text";
import { Ask, Gap, markAttributes, SignMark, useThing, World, Worlds } from "../parts";
import { ABSENT, type Absent, whyAbsent, whyHere } from "./device_reasons";
import { Waiting } from "./waiting";

interface Props {
  snapshot: Snapshot;
  marks: Marks;
}

export const DevicesPanel = memo(
  Nodes,
  (a, b) =>
    a.snapshot.walls?.devices === b.snapshot.walls?.devices &&
    a.snapshot.gaps === b.snapshot.gaps &&
    a.marks === b.marks,
);

function Nodes({ snapshot, marks }: Props) {
  const devices = snapshot.walls?.devices ?? null;
  if (devices === null) return <Waiting snapshot={snapshot} wall="devices" />;
  const partial = snapshot.gaps["walls.devices.container"] ?? snapshot.gaps["walls.devices.host"];
  const disks = Object.entries(devices.container).filter(([, device]) => device.type === "block");
  return (
    <div class="dv">
      <p class="note">{t("dv.words")}</p>
      <p class="dv-lesson">
        {disks.length === 0
          ? t("dv.no_disk")
          : t("dv.has_disk", { names: disks.map(([name]) => printable(name)).join(", ") })}{" "}
        <Ask panel="devices" question="dev" title="/dev" sides={["container", "host"]} class="mini" />
      </p>
      {partial !== undefined && <Gap reason={partial} />}
      <h4>{t("dv.inside")}</h4>
      <table class="dv-table">
        <thead>
          <tr>
            <th scope="col">{t("dv.name")}</th>
            <Worlds />
            <th scope="col">{t("dv.why")}</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(devices.container)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, device]) => (
              <Row key={name} name={name} device={device} twin={own(devices.host, name)} marks={marks} />
            ))}
        </tbody>
      </table>
      <Missing devices={devices} />
    </div>
  );
}

const own = (map: Devices["host"], name: string): Device | null =>
  Object.hasOwn(map, name) ? (map[name] ?? null) : null;

/** `c 1:3`, or what it is where it is no node. */
function numbers(device: Device): string {
  if (device.major == null || device.minor == null) return t(`dv.type_${device.type}`);
  return `${device.type === "block" ? "b" : "c"} ${device.major}:${device.minor}`;
}

interface RowProps {
  name: string;
  device: Device;
  twin: Device | null;
  marks: Marks;
}

function Row({ name, device, twin, marks }: RowProps) {
  const why = whyHere(name);
  const node = device.type === "char" || device.type === "block";
  return (
    <tr {...useThing(`device:${name}`)} {...markAttributes(marks, name)}>
      <th scope="row">
        <SignMark sign={marks.signs.get(name)} />
        <code>{printable(name)}</code>
      </th>
      <td class="world-container dv-side">
        <code title={t(`dv.type_${device.type}`)}>{modeWord(device.type, device.mode)}</code>{" "}
        <span class="num nowrap">{numbers(device)}</span>
      </td>
      <td class="world-host dv-side">
        {twin === null ? (
          <span class="muted">{t(node && !name.includes("/") ? "dv.not_host" : "dv.not_compared")}</span>
        ) : (
          <span class="num">
            <code title={t(`dv.type_${twin.type}`)}>{modeWord(twin.type, twin.mode)}</code>{" "}
            <span class="nowrap">{numbers(twin)}</span>
          </span>
        )}
      </td>
      <td class="dv-why">
        {why !== null ? t(why) : node ? t("dv.made_here") : t(`dv.type_${device.type}`)}
        {device.target != null && <span class="muted"> {t("dv.link", { target: printable(device.target) })}</span>}
        {device.bound && <span class="muted"> {t("dv.bound")}</span>}
      </td>
    </tr>
  );
}

function Missing({ devices }: { devices: Devices }) {
  const groups = useMemo(() => {
    const found = new Map<Absent, string[]>();
    for (const [name, device] of Object.entries(devices.host)) {
      if (Object.hasOwn(devices.container, name)) continue;
      if (device.type !== "char" && device.type !== "block") continue;
      const why = whyAbsent(name, device);
      found.set(why, [...(found.get(why) ?? []), name]);
    }
    return ABSENT.flatMap((why) => {
      const names = found.get(why);
      return names ? [{ why, names: names.sort(natural) }] : [];
    });
  }, [devices]);
  return (
    <>
      <h4>
        {t("dv.missing")} <World side="host" />
      </h4>
      <dl class="dv-missing">
        {groups.map(({ why, names }) => (
          <div key={why} class="world-host">
            <dt>
              {t(`dv.not_${why}`)} <span class="muted num">{tn("dv.count", names.length)}</span>
            </dt>
            <dd>
              {t(`dv.not_${why}_words`)} <Names names={names} />
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}

const FEW = 8;
const natural = (a: string, b: string): number => a.localeCompare(b, "en", { numeric: true });

function Names({ names }: { names: readonly string[] }) {
  const first = names.slice(0, FEW).map(printable).join(" ");
  if (names.length <= FEW) return <code class="dv-names">{first}</code>;
  return (
    <details class="dv-all">
      <summary>
        <code class="dv-names">{first} …</code>{" "}
        <span class="muted num">
          {t("dv.all")} ({number(names.length)})
        </span>
      </summary>
      <code class="dv-names">{names.slice(FEW).map(printable).join(" ")}</code>
    </details>
  );
}
