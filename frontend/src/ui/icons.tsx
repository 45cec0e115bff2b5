/** Line icons on a 16-px grid. They never stand alone for a meaning: a word or a label is always beside them. */

const PATHS = {
  plus: "M8 3v10M3 8h10",
  bell: "M8 2.500a3.500 3.500 0 013.500 3.500c0 3.500 1.500 4.500 1.500 4.500H3s1.500-1 1.500-4.500A3.500 3.500 0 018 2.500zM6.750 13a1.400 1.400 0 002.500 0",
  splitRight: "M2.500 3.500h11v9h-11zM8 3.500v9",
  splitDown: "M2.500 3.500h11v9h-11zM2.500 8h11",
  close: "M4 4l8 8M12 4l-8 8",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  play: "M5 3.5v9l7-4.5z",
  stop: "M4.5 4.5h7v7h-7z",
  trash: "M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.5 8.5h6l.5-8.5M7 7v3.5M9 7v3.5",
  down: "M4 6.5l4 4 4-4",
  up: "M8 11V3.500M5 6.250L8 3.250l3 3M3 12.750h10",
  right: "M6.5 4l4 4-4 4",
  back: "M9.5 4l-4 4 4 4",
  sun: "M8 1.5v1.5M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1.1 1.1M11.5 11.5l1.1 1.1M3.4 12.6l1.1-1.1M11.5 4.5l1.1-1.1M8 10.8a2.8 2.8 0 100-5.6 2.8 2.8 0 000 5.6z",
  moon: "M13 9.6A5.5 5.5 0 016.4 3 5.5 5.5 0 1013 9.6z",
  auto: "M8 13.5a5.5 5.5 0 100-11 5.5 5.5 0 000 11zM8 2.5v11",
  globe:
    "M8 14A6 6 0 108 2a6 6 0 000 12zM2 8h12M8 2c2 1.7 2.7 3.8 2.7 6S10 12.300 8 14c-2-1.7-2.700-3.800-2.700-6S6 3.700 8 2z",
  help: "M8 14A6 6 0 108 2a6 6 0 000 12zM6.300 6.300A1.750 1.750 0 018 5c1 0 1.750.7 1.750 1.600C9.750 7.900 8 7.900 8 9.200M8 11.200h.01",
  user: "M8 8a2.500 2.500 0 100-5 2.500 2.500 0 000 5zM3 13.500c.500-2.300 2.500-3.500 5-3.500s4.500 1.200 5 3.500",
  terminal: "M2.500 3.500h11v9h-11zM5 6.500l2 1.750L5 10M8.500 10.250H11",
  xray: "M1.750 8S4 3.750 8 3.750 14.250 8 14.250 8 12 12.250 8 12.250 1.750 8 1.750 8zM8 9.750a1.750 1.750 0 100-3.500 1.750 1.750 0 000 3.500z",
  fold: "M2.500 3.500h11v9h-11zM10 3.500v9M5 6.500l1.750 1.500L5 9.500",
  unfold: "M2.500 3.500h11v9h-11zM10 3.500v9M6.750 6.500L5 8l1.750 1.500",
  copy: "M5.500 5.500v-3h8v8h-3M2.500 5.500h8v8h-8z",
  check: "M3.500 8.500l3 3 6-7",
  warn: "M8 2.500l6 11H2zM8 6.500V10M8 11.750h.01",
  retry: "M13 8a5 5 0 11-1.500-3.600M13 2.500v2.400h-2.400",
  circle: "M8 12.500a4.500 4.500 0 100-9 4.500 4.500 0 000 9z",
  keyboard:
    "M1.750 4.250h12.500v7.500H1.750zM4.250 6.750h.01M6.750 6.750h.01M9.250 6.750h.01M11.750 6.750h.01M5.250 9.250h5.500",
  hand: "M5.250 8.500V4a1 1 0 012 0v3.500M7.250 7V2.750a1 1 0 012 0V7M9.250 7V3.750a1 1 0 012 0v6c0 2.250-1.500 3.750-3.750 3.750-1.750 0-2.750-.750-3.500-2L2.500 9a1 1 0 011.700-1l1.050 1.250",
  share: "M8 9.500V2.250M5.250 4.750L8 2l2.750 2.750M5 6.750H3.250v6.750h9.500V6.750H11",
  spinner: "M8 2.500a5.500 5.500 0 015.500 5.500",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({
  name,
  filled = false,
  class: extra = "",
}: {
  name: IconName;
  filled?: boolean;
  class?: string;
}) {
  return (
    <svg
      class={`icon-svg ${filled ? "filled" : ""} ${name === "more" ? "bold" : ""} ${extra}`}
      viewBox="0 0 16 16"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** A container in its host: the solid one inside the dashed one. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
      <rect class="mark-host" x="2.250" y="2.250" width="19.500" height="19.500" rx="5" />
      <rect class="mark-container" x="7.500" y="7.500" width="9" height="9" rx="2" />
    </svg>
  );
}
