/** What every panel needs beside its figures: the shared highlight, the way to a figure's source, what can be asked. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { SourceQuery } from "../protocol/api";
import type { FileView, HostView, Limits, ProcessDetail, Provenance, Seccomp } from "../protocol/generated";
import type { Quota } from "../protocol/rest";
import { Link, type Thing } from "../state/link";
import type { LiveStore } from "../state/live";

export type Side = SourceQuery["side"];
export type PanelName = SourceQuery["panel"];

/** A wish to see where a figure comes from. `title` is what the figure is called on the page. */
export interface Question {
  panel: PanelName;
  key: string;
  title: string;
  side: Side;
  /** The sides that can answer. */
  sides: readonly Side[];
  /** Which figure of a file that holds several: it has a sentence of its own, and its line is marked. */
  figure?: string | undefined;
}

/** What a panel may ask of the server about this container, or tell it to do. Refusals throw `ApiError`. */
export interface Calls {
  process(pid: number): Promise<ProcessDetail>;
  file(path: string, layer?: string): Promise<FileView>;
  provenance(path: string): Promise<Provenance>;
  /** Has the browser download a file of the running container. */
  save(path: string): Promise<void>;
  seccomp(): Promise<Seccomp>;
  freeze(frozen: boolean): Promise<unknown>;
  setLimits(limits: Partial<Limits>): Promise<unknown>;
  host(): Promise<HostView>;
}

export interface Surroundings {
  link: Link;
  /** For what is not in one moment: what happened, and when. Null outside of the panels. */
  store: LiveStore | null;
  showMe(question: Question): void;
  /** Null where there is nobody to ask, such as in a recording. */
  calls: Calls | null;
  /** What the person may give to a container. */
  quota?: Quota | null;
  /** Whether the person may see every process of the host. */
  seesHost: boolean;
  /** Puts a command at the prompt of the terminal in front; absent where there is none. */
  typeIntoTerminal: ((text: string) => void) | undefined;
  /** Opens a panel, brings it into view, and holds the highlight on `thing`. */
  reveal(panel: PanelName, thing?: Thing): void;
}

export const PanelContext = createContext<Surroundings>({
  link: new Link(),
  store: null,
  showMe: () => undefined,
  calls: null,
  seesHost: false,
  typeIntoTerminal: undefined,
  reveal: () => undefined,
});

export const useSurroundings = (): Surroundings => useContext(PanelContext);
