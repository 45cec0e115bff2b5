/** The names of signals, as signal(7) has them: names of the kernel are not translated. */
const NAMES = [
  ..."HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP".split(" "),
  ..."TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS".split(" "),
];

/** `15` → `SIGTERM`; a real-time signal keeps its number. */
export const signalName = (signal: number): string => {
  const name = NAMES[signal - 1];
  return name === undefined ? String(signal) : `SIG${name}`;
};
