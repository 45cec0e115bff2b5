/** How terminals share their part of the page: a tree of splits, each pane with one terminal. Pure. */

/** `way`: the second part is right of the first, or below it. `share`: the first's, in percent. */
export type Layout = { terminal: string } | { way: Way; share: number; first: Layout; second: Layout };
export type Way = "right" | "down";
export type Direction = "left" | "right" | "up" | "down";
/** From the root to a split: `0` its first part, `1` its second. */
export type Path = readonly (0 | 1)[];

/** Percent of the whole. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Bar {
  path: Path;
  way: Way;
  share: number;
  /** Of the split that it parts. */
  box: Box;
}

export const SHARE = { min: 15, max: 85 } as const;
const DEEPEST = 8;
const WHOLE: Box = { x: 0, y: 0, width: 100, height: 100 };

export const clampShare = (share: number): number =>
  Math.max(SHARE.min, Math.min(SHARE.max, Math.round(share * 10) / 10));

const isPane = (layout: Layout): layout is { terminal: string } => "terminal" in layout;

/** The terminals shown, from the upper left on. */
export function shown(layout: Layout | null): string[] {
  if (layout === null) return [];
  return isPane(layout) ? [layout.terminal] : [...shown(layout.first), ...shown(layout.second)];
}

export function panes(layout: Layout, box: Box = WHOLE): { terminal: string; box: Box }[] {
  if (isPane(layout)) return [{ terminal: layout.terminal, box }];
  const [first, second] = halves(layout, box);
  return [...panes(layout.first, first), ...panes(layout.second, second)];
}

export function bars(layout: Layout, box: Box = WHOLE, path: Path = []): Bar[] {
  if (isPane(layout)) return [];
  const [first, second] = halves(layout, box);
  return [
    { path, way: layout.way, share: layout.share, box },
    ...bars(layout.first, first, [...path, 0]),
    ...bars(layout.second, second, [...path, 1]),
  ];
}

/** `added` gets a half of the pane of `terminal`: the second one, or the first if `before`. */
export function split(layout: Layout, terminal: string, way: Way, added: string, before = false): Layout {
  return at(layout, terminal, (pane) => {
    const [first, second] = before ? [{ terminal: added }, pane] : [pane, { terminal: added }];
    return { way, share: 50, first, second };
  });
}

/** Another terminal in a pane. */
export const replaced = (layout: Layout, terminal: string, by: string): Layout =>
  at(layout, terminal, () => ({ terminal: by }));

/** Two terminals change places. */
export function exchanged(layout: Layout, one: string, other: string): Layout {
  if (isPane(layout)) {
    if (layout.terminal === one) return { terminal: other };
    return layout.terminal === other ? { terminal: one } : layout;
  }
  return { ...layout, first: exchanged(layout.first, one, other), second: exchanged(layout.second, one, other) };
}

/** Without a terminal's pane: its neighbour takes the room. Null when it was the last. */
export function without(layout: Layout, terminal: string): Layout | null {
  if (isPane(layout)) return layout.terminal === terminal ? null : layout;
  const first = without(layout.first, terminal);
  const second = without(layout.second, terminal);
  if (first === null || second === null) return first ?? second;
  return first === layout.first && second === layout.second ? layout : { ...layout, first, second };
}

export function withShare(layout: Layout, path: Path, share: number): Layout {
  if (isPane(layout)) return layout;
  const [step, ...rest] = path;
  if (step === undefined) return { ...layout, share: clampShare(share) };
  return step === 0
    ? { ...layout, first: withShare(layout.first, rest, share) }
    : { ...layout, second: withShare(layout.second, rest, share) };
}

/** The terminal whose pane lies next to that of `terminal`; null at the edge. Of several the one level with its middle. */
export function neighbour(layout: Layout, terminal: string, direction: Direction): string | null {
  const all = panes(layout);
  const from = all.find((pane) => pane.terminal === terminal)?.box;
  if (from === undefined) return null;
  const near = 0.01;
  const sideways = direction === "left" || direction === "right";
  const middle = sideways ? from.y + from.height / 2 : from.x + from.width / 2;
  const gap = ({ x, y, width, height }: Box): number =>
    ({
      left: x + width - from.x,
      right: x - from.x - from.width,
      up: y + height - from.y,
      down: y - from.y - from.height,
    })[direction];
  const touching = all.filter(({ box }) => Math.abs(gap(box)) < near);
  const level = touching.find(({ box }) => {
    const [start, length] = sideways ? [box.y, box.height] : [box.x, box.width];
    return start <= middle + near && middle <= start + length + near;
  });
  return level?.terminal ?? null;
}

/** What was kept from an earlier visit, with the terminals there are now; null where nothing of it is left or sound. */
export function revived(value: unknown, terminals: ReadonlySet<string>): Layout | null {
  const seen = new Set<string>();
  const read = (part: unknown, depth: number): Layout | null => {
    if (typeof part !== "object" || part === null || depth > DEEPEST) return null;
    const { terminal, way, share, first, second } = part as Record<string, unknown>;
    if (typeof terminal === "string") {
      if (!terminals.has(terminal) || seen.has(terminal)) return null;
      seen.add(terminal);
      return { terminal };
    }
    if ((way !== "right" && way !== "down") || typeof share !== "number" || !Number.isFinite(share)) return null;
    const [one, other] = [read(first, depth + 1), read(second, depth + 1)];
    if (one === null || other === null) return one ?? other;
    return { way, share: clampShare(share), first: one, second: other };
  };
  return read(value, 0);
}

function at(layout: Layout, terminal: string, change: (pane: { terminal: string }) => Layout): Layout {
  if (isPane(layout)) return layout.terminal === terminal ? change(layout) : layout;
  return { ...layout, first: at(layout.first, terminal, change), second: at(layout.second, terminal, change) };
}

function halves({ way, share }: { way: Way; share: number }, box: Box): [Box, Box] {
  const part = share / 100;
  if (way === "right") {
    const width = box.width * part;
    return [
      { ...box, width },
      { ...box, x: box.x + width, width: box.width - width },
    ];
  }
  const height = box.height * part;
  return [
    { ...box, height },
    { ...box, y: box.y + height, height: box.height - height },
  ];
}
