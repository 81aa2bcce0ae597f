/**
 * The executable for arm64, emulated by qemu-user on other machines, where everything takes ten times as long: the main extent,
 * or with HPMQ_EMULATED=all all of it.
 */
import t from 'tap';
import { executableContract } from '../contract/executable.js';

const all = process.arch === 'arm64' || process.env.HPMQ_EMULATED === 'all';
executableContract(t, 'arm64', all ? 'all' : 'main');
