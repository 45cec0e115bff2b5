import { describe, expect, it } from "vitest";
import type { LiveMessage } from "../protocol/live";
import { exported, fileName } from "./export";
import recording from "./fixtures/session.json";
import { LiveStore } from "./live";

const messages = recording.messages as unknown as LiveMessage[];

describe("an exported moment", () => {
  it("is the one shown, with what had happened by then", () => {
    const store = new LiveStore(null, () => 1_000);
    for (const message of messages.slice(0, 30)) store.apply(message);
    const [early, late] = [store.moments[5]?.at ?? 0, store.moments[25]?.at ?? 0];
    store.happened([
      { seq: 1, at: early, kind: "born" },
      { seq: 2, at: late, kind: "died" },
    ]);
    store.seek((early + late) / 2);
    const saved = exported(store, new Date(0));
    expect(saved?.snapshot).toBe(store.view.value.snapshot);
    expect(saved?.events.map((event) => event.seq)).toEqual([1]);
    expect(saved).toMatchObject({ product: "terrarium", version: expect.stringMatching(/^\d+\.\d+/) });
    expect(saved && fileName(saved)).toMatch(/^terrarium-quiet-fern-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.json$/);
    expect(exported(new LiveStore(), new Date(0))).toBeNull();
  });
});
