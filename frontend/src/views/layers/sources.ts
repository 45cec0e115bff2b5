/** Which files the figures of the overlay come from, and why one is missing. */
import type { Snapshot } from "../../protocol/generated";

export const MOUNTINFO = {
  panel: "overlay",
  question: "mountinfo",
  title: "mountinfo",
  sides: ["container", "host"],
} as const;

export const UPPERDIR = {
  panel: "overlay",
  question: "upperdir",
  title: "upperdir",
  sides: ["container", "host"],
} as const;

export const gap = (snapshot: Snapshot, field: string): string | undefined =>
  snapshot.gaps[`host.overlay.${field}`] ?? snapshot.gaps["host.overlay"];
