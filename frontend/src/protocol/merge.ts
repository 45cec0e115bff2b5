/** A JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

type Member = Record<string, unknown>;

const isObject = (value: unknown): value is Member =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * `target` with the RFC 7396 merge `patch` applied, as a new value.
 *
 * Neither argument is changed, and whatever the patch does not reach is the same object as before: views compare by
 * identity to know what to draw again.
 */
export function merge<T extends object>(target: T, patch: object): T {
  const result = { ...target } as Member;
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) {
      delete result[key];
    } else if (isObject(value)) {
      const before = Object.hasOwn(result, key) ? result[key] : undefined;
      define(result, key, merge(isObject(before) ? before : {}, value));
    } else {
      define(result, key, value);
    }
  }
  return result as T;
}

/** Sets a member even when it is called `__proto__`: file names inside a container are anybody's. */
function define(target: Member, key: string, value: unknown): void {
  if (key === "__proto__")
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}
