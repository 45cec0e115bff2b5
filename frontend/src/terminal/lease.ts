/** A word by which the worker knows a page again: who typed before a reload types after it. */

const random = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** This browser tab's word for a terminal; the same after a reload, another in another tab. */
export function leaseOf(terminal: string): string {
  const key = `terrarium.lease.${terminal}`;
  try {
    const kept = sessionStorage.getItem(key);
    if (kept !== null && /^[0-9a-f]{24}$/.test(kept)) return kept;
    const word = random();
    sessionStorage.setItem(key, word);
    return word;
  } catch {
    return random(); // storage is off: a reload then drives as any new page would
  }
}
