/** A part of the page whose script is fetched when it is first drawn. */
import { type ComponentType, h } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n/index";
import { announce } from "../ui/announce";

export function later<P extends object>(load: () => Promise<ComponentType<P>>): (props: P) => preact.VNode | null {
  let part: ComponentType<P> | null = null;
  return function Later(props: P) {
    const [, drawAgain] = useState(false);
    useEffect(() => {
      if (part !== null) return;
      load().then(
        (loaded) => {
          part = loaded;
          drawAgain(true);
        },
        () => announce(t("comfort.load_failed"), "bad"),
      );
    }, []);
    return part === null ? null : h(part as ComponentType<object>, props);
  };
}
