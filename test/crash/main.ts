/** `npm run crash`, `npm run crash -- links|mesh|outage`: prints one line of JSON; exit code 1: a promise was broken. */
import { brokerProgram } from './broker-program.js';
import { meshProgram } from './links/mesh-program.js';
import { outageProgram } from './links/outage-program.js';
import { linksProgram } from './links/program.js';

const programs: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  links: linksProgram,
  mesh: meshProgram,
  outage: outageProgram,
};

const args = process.argv.slice(2);
const program = programs[args[0] ?? ''];
const broken = await (program === undefined ? brokerProgram(args) : program(args.slice(1)));
process.exitCode = broken === 0 ? 0 : 1;
