/** A real emulator that nobody sees: what a program writes is parsed as in the page. */
import { Terminal } from "@xterm/xterm";

export const emulator = (cols = 40, rows = 10): Terminal => new Terminal({ allowProposedApi: true, cols, rows });

/** Resolves when all of it is parsed. */
export const write = (term: Terminal, data: string | Uint8Array): Promise<void> =>
  new Promise((parsed) => term.write(data, parsed));
