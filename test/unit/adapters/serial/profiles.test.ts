/** Every profile that is shipped, against its recordings: frames of manuals and standards. */
import serial from '../../../../adapters/serial/index.js';
import { testShippedProfiles } from '../../../support/shipped-profiles.js';

testShippedProfiles(serial, 6);
