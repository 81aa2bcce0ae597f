/**
 * node:http without all that comes with it. `import … from 'node:http'` reads each of its exports, and the reading of `WebSocket`
 * and of its neighbours loads Node's whole fetch implementation: 14 MB of resident memory that a gateway never uses.
 * Types are imported from node:http as usual.
 */
export const { createServer, request, STATUS_CODES } = process.getBuiltinModule('node:http');
