/** What a person made of each container's terminals: their order and their panes, in local storage. */
import { remembered } from "../ui/preferences";
import type { Arrangement, Memory } from "./book";

/** Containers come and go: those looked at last are remembered. */
const MOST = 16;

type Kept = readonly (readonly [container: string, arrangement: Arrangement])[];

const isArrangement = (value: unknown): value is Arrangement => {
  const { order, active } = (value ?? {}) as Partial<Arrangement>;
  return (
    Array.isArray(order) &&
    order.every((id) => typeof id === "string") &&
    (active === null || typeof active === "string")
  );
};

const arrangements = remembered<Kept>(
  "terminal.arrangements",
  [],
  (value): value is Kept =>
    Array.isArray(value) &&
    value.every((one) => Array.isArray(one) && typeof one[0] === "string" && isArrangement(one[1])),
);

export function memoryOf(container: string): Memory {
  return {
    load: () => arrangements.peek().find(([id]) => id === container)?.[1] ?? null,
    save: (arrangement) => {
      const others = arrangements.peek().filter(([id]) => id !== container);
      arrangements.value = [[container, arrangement] as const, ...others].slice(0, MOST);
    },
  };
}
