/** A tab that is dragged: along its row, or onto a pane, whose edges stand for a new pane there. */
import { signal } from "@preact/signals";
import type { Way } from "./layout";

/** The terminal's id; null while none is dragged. Files dragged over the page are nothing of ours. */
export const dragged = signal<string | null>(null);

/** Where in a pane it would be dropped: at an edge it gets a half, in the middle the whole. */
export type Zone = "left" | "right" | "up" | "down" | "whole";

export const target = signal<{ terminal: string; zone: Zone } | null>(null);

const EDGE = 0.3;

/** `x`, `y`: from 0 to 1 in the pane. */
export function zoneAt(x: number, y: number): Zone {
  const edges: [Zone, number][] = [
    ["left", x],
    ["right", 1 - x],
    ["up", y],
    ["down", 1 - y],
  ];
  const [zone, distance] = edges.reduce((nearest, edge) => (edge[1] < nearest[1] ? edge : nearest));
  return distance < EDGE ? zone : "whole";
}

export const wayOf = (zone: Exclude<Zone, "whole">): { way: Way; before: boolean } => ({
  way: zone === "left" || zone === "right" ? "right" : "down",
  before: zone === "left" || zone === "up",
});

export function dragEnds(): void {
  dragged.value = null;
  target.value = null;
}
