/**
 * What nobody caught ends the program with the stack alone. Node would print the line of the source as well, which in a bundle is
 * of any length.
 */
const BUG = 70;

export function printStackOnly(): void {
  process.on('uncaughtException', (error: unknown) => {
    // The gateway has its own way to end, in its log.
    if (process.listenerCount('uncaughtException') > 1) return;
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(BUG);
  });
}
