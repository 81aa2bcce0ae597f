/** The executable of this machine. */
import t from 'tap';
import { executableContract } from '../contract/executable.js';

executableContract(t, process.arch === 'arm64' ? 'arm64' : 'x64');
