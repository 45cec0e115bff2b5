/**
 * A terminal's answers to questions in a program's output (DA, DSR, DECRPM, DECRQSS, colours, window reports), and its
 * reports of the focus. They come the same way as what a person types, and no key but Shift+F3 looks like one.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const ANSWER = /^\x1b(?:\[[?>=]?[\d;]*(?:\$y|[cnRtx])|\[[IO]|[\]P_].)/;

export const isAnswer = (data: string): boolean => ANSWER.test(data);
