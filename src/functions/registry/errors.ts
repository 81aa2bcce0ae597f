/** What can go wrong between a registry, its images and the gateway. */
import { type ErrorCatalogue, errorsOf } from '../../core/errors.js';

export const registryErrors = {
  FUNCTION_REFERENCE: {
    fault: 'caller',
    hint: 'write host/name:tag or host/name@sha256:…, such as registry.example.com/fn/decode:1.0',
  },
  FUNCTION_BUILD_FILE: {
    fault: 'caller',
    hint: 'write FROM scratch, KIND wasi, COPY module.wasm / and CMD /module.wasm',
  },
  FUNCTION_REGISTRY_UNREACHABLE: {
    fault: 'peer',
    hint: 'check the address of the registry, the network, and `functionRegistry.ca` for a certificate of your own',
  },
  FUNCTION_REGISTRY_DENIED: {
    fault: 'config',
    hint: 'check user and password of this registry in `functionRegistry.auth`, or log in with docker, and its rights',
  },
  FUNCTION_REGISTRY_REFUSED: { fault: 'peer', hint: 'look at the log of the registry for why it refused' },
  FUNCTION_IMAGE_UNKNOWN: { fault: 'config', hint: 'check name and tag; `hpmq function inspect` lists the tags' },
  FUNCTION_IMAGE_DAMAGED: {
    fault: 'peer',
    hint: 'what the registry gave is not what its digest says: push the image again, and find out who changed it',
  },
  FUNCTION_IMAGE_TOO_LARGE: {
    fault: 'limit',
    hint: 'build the module with optimisation and without debug information: an image has at most 16 MiB',
  },
  FUNCTION_IMAGE_LAYOUT: {
    fault: 'config',
    hint: 'push it with `hpmq function push`: an image of a function has one WebAssembly module',
  },
  FUNCTION_IMAGE_UNTRUSTED: {
    fault: 'config',
    hint: 'add a rule for this registry to `functionRegistry.trust`, with the public key of who signs its images',
  },
  FUNCTION_IMAGE_UNSIGNED: {
    fault: 'config',
    hint: 'sign the image with `hpmq function sign`, or ask who pushed it to',
  },
  FUNCTION_IMAGE_SIGNATURE: {
    fault: 'config',
    hint: 'sign the image with a key that `functionRegistry.trust` names, and find out who signed it otherwise',
  },
  FUNCTION_KEY: { fault: 'caller', hint: 'make a pair of keys with `hpmq function keygen`' },
  FUNCTION_IMAGE_CACHE: {
    fault: 'limit',
    hint: 'make the folder `gateway.data` writable, and see that its disk has room',
  },
} as const satisfies ErrorCatalogue;

export const registryError = errorsOf(registryErrors);
