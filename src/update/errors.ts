/** What can be wrong with an update. */
import { type ErrorCatalogue, errorsOf } from '../core/errors.js';

export const updateErrors = {
  UPDATE_BAD_BUNDLE: {
    fault: 'caller',
    hint: 'name an update bundle of hpmq, and fetch it again if it may be cut short',
  },
  UPDATE_UNSIGNED: { fault: 'caller', hint: 'take a bundle that the makers of your releases have signed' },
  UPDATE_UNTRUSTED: {
    fault: 'caller',
    hint: 'take a bundle signed by a key this box trusts; the keys are in /etc/hpmq/update-keys or /etc/rauc/keyring.pem',
  },
  UPDATE_TAMPERED: {
    fault: 'caller',
    hint: 'fetch the bundle again from where it was published, and compare its checksum',
  },
  UPDATE_NO_KEYS: {
    fault: 'config',
    hint: 'put the public key of your releases, a PEM file, into /etc/hpmq/update-keys',
  },
  UPDATE_INCOMPATIBLE: { fault: 'caller', hint: 'take the bundle that was made for this kind of box' },
  UPDATE_OLDER: { fault: 'caller', hint: 'go back with `hpmq update rollback`, or insist with --allow-downgrade' },
  UPDATE_NO_SPACE: { fault: 'limit', hint: 'free space on the disk, then install again' },
  UPDATE_BUSY: { fault: 'limit', hint: 'wait until the other installation is over: `hpmq update status`' },
  UPDATE_ON_TRIAL: {
    fault: 'limit',
    hint: 'wait until the running version is confirmed (`hpmq update status`), or decide: `hpmq update mark-good` or `hpmq update rollback`',
  },
  UPDATE_NO_PERMISSION: { fault: 'caller', hint: 'run it as root, or as the user of the gateway' },
  UPDATE_NOT_SUPPORTED: {
    fault: 'config',
    hint: 'install the executable or the image; what a package manager put there, it also updates',
  },
  UPDATE_UNREACHABLE: { fault: 'peer', hint: 'check the address, the network and the certificate of the server' },
  UPDATE_NOTHING: { fault: 'caller', hint: 'see `hpmq update status`' },
  UPDATE_NOT_HEALTHY: {
    fault: 'limit',
    hint: 'see what it waits for with `hpmq update status`, and the log of the gateway',
  },
  UPDATE_NO_STICK: {
    fault: 'caller',
    hint: 'put the bundle into the top folder of the stick, with a name such as hpmq-1.2.3.raucb, or name the file itself',
  },
  UPDATE_FORBIDDEN: {
    fault: 'caller',
    hint: 'send it as a user of this box whose rules allow this topic, or through a link that `update.links` names; not retained, and an older version not through a link',
  },
  UPDATE_FAILED: { fault: 'limit', hint: 'see the log (`journalctl -u rauc -u hpmq`), and try again' },
} as const satisfies ErrorCatalogue;

export const updateError = errorsOf(updateErrors);
