/** Files dropped on a terminal. Nothing happens to what is no file. */
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../i18n/index";
import { Icon } from "../../ui/icons";
import type { Extra } from "../extras";
import { directoryOf } from "./paths";

export const DropTarget: Extra = ({ bench, tab }) => {
  const mark = useRef<HTMLSpanElement>(null);
  const [over, setOver] = useState(false);
  const directory = directoryOf(tab.parts.value?.session.marks.value ?? []);
  const place = useRef(directory);
  place.current = directory;

  useEffect(() => {
    const pane = mark.current?.closest<HTMLElement>(".terminal");
    if (!pane || !bench) return;
    let depth = 0; // entering a child leaves its parent
    const leave = () => {
      depth = 0;
      setOver(false);
    };
    const listen = <K extends "dragenter" | "dragover" | "dragleave" | "drop">(
      name: K,
      hear: (event: DragEvent, transfer: DataTransfer) => void,
    ) => {
      const heard = (event: DragEvent) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault(); // or the browser would leave the page and show the file
        event.stopPropagation();
        hear(event, event.dataTransfer);
      };
      pane.addEventListener(name, heard, { capture: true });
      return () => pane.removeEventListener(name, heard, { capture: true });
    };
    const stops = [
      listen("dragenter", () => {
        depth += 1;
        setOver(true);
      }),
      listen("dragover", (_event, transfer) => {
        transfer.dropEffect = "copy";
      }),
      listen("dragleave", () => {
        depth -= 1;
        if (depth <= 0) leave();
      }),
      listen("drop", (_event, transfer) => {
        leave();
        const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
        const files = [...transfer.files].filter((_file, index) => entries[index]?.isDirectory !== true);
        bench.uploads.offer({
          tab: tab.id,
          files,
          folders: transfer.files.length - files.length,
          directory: place.current,
        });
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [bench, tab]);

  return (
    <>
      <span ref={mark} hidden />
      {over && (
        <div class="drop-over" role="status">
          <p>
            <Icon name="up" />
            {t("files.drop", { directory: directory })}
          </p>
        </div>
      )}
    </>
  );
};
