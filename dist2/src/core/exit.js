const EXIT = {
  OK: 0,
  /** The answer is no: a check failed, a write was refused. */
  NO: 1,
  USAGE: 64,
  UNAVAILABLE: 69,
  BUG: 70,
  IO: 74,
  TRY_LATER: 75,
  CONFIG: 78,
  SIGINT: 130,
  SIGTERM: 143
};
const EXIT_OF_FAULT = {
  config: EXIT.CONFIG,
  caller: EXIT.USAGE,
  device: EXIT.UNAVAILABLE,
  peer: EXIT.UNAVAILABLE,
  limit: EXIT.TRY_LATER,
  bug: EXIT.BUG
};
const EXIT_CODES_HELP = "Exit codes: 0 done, 1 the answer is no, 64 usage, 69 gateway or device unavailable, 70 defect of hpmq, 74 output failed, 75 try later, 78 configuration, 130 Ctrl-C";
export {
  EXIT,
  EXIT_CODES_HELP,
  EXIT_OF_FAULT
};
//# sourceMappingURL=exit.js.map
