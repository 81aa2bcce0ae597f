/** The profiles beside this file. */
import { join } from 'node:path';
import { profileFilesOf, readProfileTexts } from '../../src/adapter.js';

export const profileFiles = profileFilesOf(() => readProfileTexts(join(import.meta.dirname, 'profiles')));
