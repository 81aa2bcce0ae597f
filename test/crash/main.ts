/** `npm run crash`, `npm run crash -- links`, `npm run crash -- mesh`: prints one line of JSON; exit code 1: a promise was broken. */
import { brokerProgram } from './broker-program.js';
import { linksProgram } from './links/program.js';

const [program, ...args] = process.argv.slice(2);
const broken = await (program === 'links' ? linksProgram(args) : brokerProgram(process.argv.slice(2)));
process.exitCode = broken === 0 ? 0 : 1;
