/** What every panel needs beside its figures: the shared highlight, and the way to a figure's source. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Api, SourceQuery } from "../protocol/api";
import type { Quota } from "../protocol/rest";
import { Link } from "../state/link";

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

export interface Surroundings {
  link: Link;
  showMe(question: Question): void;
  /** To ask and to act; null where one can only look, as at a recording. */
  api?: Api | null;
  /** What the person may give to a container. */
  quota?: Quota | null;
}

export const PanelContext = createContext<Surroundings>({ link: new Link(), showMe: () => undefined });

export const useSurroundings = (): Surroundings => useContext(PanelContext);
