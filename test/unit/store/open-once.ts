/** Opens the store of a folder and ends: `node open-once.js FOLDER SCHEMA`. For a test that cuts it off. */
import { openOnce } from './once.js';

const [folder, schema] = process.argv.slice(2);
openOnce(folder!, Number(schema));
