/** A wall that was not read: not yet, or for a reason. */
import { t } from "../../i18n/index";
import type { Snapshot } from "../../protocol/generated";
import { Gap } from "../parts";

export type Wall = "mounts" | "devices" | "identity" | "network";

export function Waiting({ snapshot, wall }: { snapshot: Snapshot; wall: Wall }) {
  const reason = reasonOf(snapshot, wall);
  return <p class="empty">{reason === undefined ? t("wall.waiting") : <Gap reason={reason} />}</p>;
}

/** Why a part of a wall is missing: its own reason, or the whole wall's. */
export function reasonOf(snapshot: Snapshot, wall: Wall, part?: string): string | undefined {
  const { gaps } = snapshot;
  return (
    (part === undefined ? undefined : gaps[`walls.${wall}.${part}`]) ?? gaps[`walls.${wall}`] ?? gaps.walls ?? undefined
  );
}
