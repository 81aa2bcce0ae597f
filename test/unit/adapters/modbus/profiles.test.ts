/** Every profile that is shipped, against its recordings: frames of manuals, and frames that pymodbus encoded. */
import modbus from '../../../../adapters/modbus/index.js';
import { testShippedProfiles } from '../../../support/shipped-profiles.js';

testShippedProfiles(modbus, 10);
