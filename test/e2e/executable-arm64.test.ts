/** The executable for arm64, emulated by qemu-user on other machines. */
import t from 'tap';
import { executableContract } from '../contract/executable.js';

executableContract(t, 'arm64');
