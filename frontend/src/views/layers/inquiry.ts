/** A question to the server whose answer a view shows: the newest question's answer counts, whatever comes first. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

export type Answer<T> =
  | { state: "none" }
  /** `before`: the answer to the question before, to be shown until the new one is here. */
  | { state: "loading"; before: T | null }
  | { state: "failed"; error: unknown }
  | { state: "here"; value: T };

export function useInquiry<T>(): [Answer<T>, (question: () => Promise<T>) => Promise<void>] {
  const [answer, setAnswer] = useState<Answer<T>>({ state: "none" });
  const turn = useRef(0);
  useEffect(
    () => () => {
      turn.current = -1; // nobody is there any more to be told
    },
    [],
  );
  const ask = useCallback(async (question: () => Promise<T>): Promise<void> => {
    turn.current += 1;
    const mine = turn.current;
    setAnswer((old) => ({
      state: "loading",
      before: old.state === "here" ? old.value : old.state === "loading" ? old.before : null,
    }));
    try {
      const value = await question();
      if (mine === turn.current) setAnswer({ state: "here", value });
    } catch (error) {
      if (mine === turn.current) setAnswer({ state: "failed", error });
    }
  }, []);
  return [answer, ask];
}
