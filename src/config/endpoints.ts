/** The keys of each kind of wire. What the adapter of the devices adds is in {@link ports.ts}. */
import { z } from 'zod';
import { authoritiesFault, keyPairFault } from '../core/certificates.js';
import { formatFault, type LineFormat } from '../core/transport.js';
import { type ConfigInputs, filePath, readBytes, secretSource } from './io.js';
import { duration, host, network, say, whole } from './values.js';

/** Bytes as people write them: a text, or `{ hex: "7e 01" }`. */
const bytes = z
  .union(
    [
      z.string().min(1).max(256),
      z.strictObject({
        hex: z.string().regex(/^(\s*[0-9a-fA-F]{2}){1,256}\s*$/, 'expected pairs of hexadecimal digits'),
      }),
    ],
    { error: 'expected a text, or { hex: "7e 01" } for bytes that are no text' },
  )
  .transform(
    (value): Buffer =>
      typeof value === 'string' ? Buffer.from(value) : Buffer.from(value.hex.replace(/\s+/g, ''), 'hex'),
  );

const settle = duration('0ms', '5m')
  .optional()
  .describe('rest between opening the wire and the first request; what comes meanwhile is thrown away');
const connectTimeout = duration('100ms', '5m').optional().describe('time to connect, to each address; 5s when absent');
const parallel = whole(1, 64)
  .optional()
  .describe('exchanges on the wire at a time, where answers name their request (Modbus framing tcp); 1 when absent');

const address = {
  host: host.describe('IP address or host name'),
  port: whole(1, 65_535).describe('port number; Modbus uses 502, with TLS 802'),
};

const dialled = {
  ...address,
  settle,
  connectTimeout,
  parallel,
  backups: z
    .array(z.strictObject({ host: address.host, port: address.port }))
    .min(1)
    .max(8)
    .optional()
    .describe('addresses of the same device that are tried when the first does not answer'),
  failBack: duration('1s', '1d').optional().describe('how often a backup looks for the first address; 60s when absent'),
  keepAlive: duration('0ms', '1h')
    .optional()
    .describe('silence before the kernel probes the peer; 0ms: never; 10s when absent'),
};

const line = {
  baudRate: whole(50, 4_000_000).describe('bits per second, such as 9600 or 19200; any number that the adapter can do'),
  dataBits: z.literal([5, 6, 7, 8]).default(8).describe('bits of a character; Modbus RTU: 8'),
  parity: z
    .enum(['none', 'even', 'odd', 'mark', 'space'])
    .describe('Modbus RTU: even unless the device says otherwise'),
  stopBits: z.literal([1, 2]).default(1).describe('Modbus RTU: 1, or 2 with parity none if the device says so'),
  settle,
  rts: z.boolean().optional().describe('state of RTS after opening; as the driver leaves it when absent'),
  dtr: z.boolean().optional().describe('state of DTR after opening; as the driver leaves it when absent'),
  echo: z.boolean().optional().describe('the line hears itself: the bytes that were sent come back and are taken out'),
};

const rs485 = z
  .strictObject({
    mode: z.enum(['kernel', 'rts']).describe('who switches the transmitter: the driver, or this program by RTS'),
    rtsOnSend: z.boolean().default(true).describe('state of RTS while sending'),
    delayBefore: duration('0ms', '1s').prefault('0ms').describe('between switching and the first bit'),
    delayAfter: duration('0ms', '1s').prefault('0ms').describe('between the last bit and switching back'),
  })
  .optional()
  .describe('for adapters that do not switch by themselves');

export function endpointShapes(inputs: ConfigInputs) {
  return {
    serial: {
      type: z.literal('serial').describe('a serial line of this machine'),
      path: z.string().min(1).describe('device file; /dev/serial/by-id/… survives re-plugging'),
      ...line,
      rs485,
    },
    tcp: { type: z.literal('tcp').describe('a device or converter with an address'), ...dialled },
    tls: {
      type: z.literal('tls').describe('TCP with TLS, such as Modbus/TCP Security'),
      ...dialled,
      ca: filePath(inputs).optional().describe('PEM file: who may sign the certificate of the device'),
      cert: filePath(inputs).optional().describe('PEM file: our certificate, then the intermediate ones'),
      key: secretSource(inputs).optional().describe('PEM: our private key'),
      serverName: host.optional().describe('name in the certificate of the device; `host` when absent'),
      minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).optional().describe('oldest version of TLS; TLSv1.2 when absent'),
    },
    udp: { type: z.literal('udp').describe('the same with datagrams'), ...address, settle, parallel },
    dtls: {
      type: z.literal('dtls').describe('UDP with DTLS 1.2 and a pre-shared key, such as CoAP at port 5684'),
      ...address,
      identity: z.string().min(1).max(256).describe('PSK identity: the name of the key at the device'),
      key: secretSource(inputs).describe('the pre-shared key: text, or 0x and hexadecimal digits'),
      connectTimeout,
      settle,
      parallel,
    },
    listen: {
      type: z.literal('listen').describe('the device dials in: DTUs, modems behind NAT'),
      host: host.default('0.0.0.0').describe('address of this machine to listen at'),
      port: whole(1, 65_535).describe('ports with the same host and port share one listener'),
      registration: bytes
        .optional()
        .describe('what the device says first, by which it is known: a text, or { hex: … }'),
      heartbeat: bytes.optional().describe('what the device says to keep the line up, and is no answer'),
      from: z.array(network).min(1).optional().describe('addresses and networks it may dial from; all when absent'),
      silenceTimeout: duration('1s', '1d')
        .optional()
        .describe('a device that says nothing for so long has gone: more than its heartbeat, or the slowest poll'),
      connectTimeout,
      settle,
      parallel,
    },
    rfc2217: {
      type: z.literal('rfc2217').describe('a serial line of another machine, by Telnet (ser2net and others)'),
      ...address,
      ...line,
      connectTimeout,
    },
    memory: { type: z.literal('memory').describe('no wire: the adapter makes its values itself') },
  };
}

interface Refinement {
  addIssue(issue: { code: 'custom'; path: string[]; message: string }): unknown;
}

/** What the fields of a line must not say together. */
export function checkLine(
  port: LineFormat & { rs485?: object | undefined; rts?: boolean | undefined },
  context: Refinement,
) {
  const fault = formatFault(port);
  if (fault !== undefined) {
    const hint = port.parity === 'mark' ? 'write stopBits: 1' : 'use parity none, even or odd, or 7 data bits';
    context.addIssue({ code: 'custom', path: ['parity'], message: say(fault, hint) });
  }
  if (port.rs485 !== undefined && port.rts !== undefined) {
    const message = say('RTS switches the transmitter of this line', 'remove `rts`, or `rs485`');
    context.addIssue({ code: 'custom', path: ['rts'], message });
  }
}

/** The files of a TLS wire: PEM, and made for each other. */
export function checkClientTls(
  port: { ca?: string | undefined; cert?: string | undefined; key?: string | Buffer | undefined },
  context: Refinement,
) {
  const { ca, cert, key } = port;
  const fail = (field: string, message: string, hint: string) =>
    context.addIssue({ code: 'custom', path: [field], message: say(message, hint) });
  if (cert !== undefined && key === undefined) fail('cert', 'there is no key for it', 'add `key: { file: … }`');
  if (key !== undefined && cert === undefined) fail('key', 'there is no certificate for it', 'add `cert: …`');
  const authorities = ca === undefined ? undefined : authoritiesFault(readBytes(ca));
  if (authorities !== undefined) fail('ca', `${ca} ${authorities.message}`, authorities.hint);
  if (cert === undefined || key === undefined) return;
  const fault = keyPairFault(readBytes(cert), readBytes(key));
  if (fault === undefined) return;
  const file = fault.part === 'key' ? key : cert;
  fail(fault.part, `${typeof file === 'string' ? file : 'it'} ${fault.message}`, fault.hint);
}
