/** What can go wrong with a link, by cause. */
import { type ErrorCatalogue, errorsOf } from '../core/errors.js';

export const linkErrors = {
  LINK_UNREACHABLE: { fault: 'peer', hint: 'check the host and port of the link, the network and the firewall' },
  LINK_TLS: { fault: 'peer', hint: 'check the CA, certificate and key of the link, and the clock of both sides' },
  LINK_AUTH: { fault: 'peer', hint: 'check the user name, password or client certificate of the link' },
  LINK_REFUSED: { fault: 'peer', hint: 'ask the operator of the far side why it refuses this client' },
  LINK_LOST: {
    fault: 'peer',
    hint: 'the link reconnects by itself; if it repeats, check the network and that no other client has its client id',
  },
  LINK_TAKEN_OVER: { fault: 'peer', hint: 'give each gateway its own client id: another client uses this one' },
  LINK_STALLED: { fault: 'peer', hint: 'the far side accepts messages but does not acknowledge them; check its load' },
  LINK_PROTOCOL: { fault: 'peer', hint: 'check that the far side is an MQTT broker that speaks this protocol version' },
  LINK_SUBSCRIPTION_REFUSED: {
    fault: 'peer',
    hint: 'allow this user to subscribe to the filter at the far side, or change the route',
  },
  LINK_PUBLISH_REFUSED: {
    fault: 'peer',
    hint: 'allow this user to publish to the topic at the far side, or change the route',
  },
  LINK_QUEUE_FULL: {
    fault: 'limit',
    hint: 'messages are being dropped as `outbox.full` says; bring the far side back, or raise the limits of the outbox',
  },
  LINK_NOT_DURABLE: {
    fault: 'limit',
    hint: 'make the folder `gateway.data` writable and restart the gateway: until then messages wait in memory, and few of them',
  },
  LINK_LOSS: {
    fault: 'limit',
    hint: 'bring the far side back sooner, raise the limits of the outbox, or send less: these messages are gone',
  },
  LINK_LOSS_UNTOLD: {
    fault: 'peer',
    hint: 'allow this user to publish to `hpmq/<gateway>/$loss/<link>` at the far side; what was lost is in the log',
  },
  LINK_HEARTBEAT_REFUSED: {
    fault: 'peer',
    hint: 'allow this user to publish and subscribe to the topic of `heartbeat` at the far side, or name another; raise a Receive Maximum of 1 there; or write `heartbeat: off`',
  },
  LINK_FORMAT: {
    fault: 'config',
    hint: 'give these topics a route with another `format`, or leave them out with `except`',
  },
  LINK_NOT_GOOD: {
    fault: 'device',
    hint: 'nothing is lost: this format says only good values; `reading`, or `quality: true` of thingsboard, say the others, too',
  },
  LINK_TOO_LARGE: { fault: 'limit', hint: 'raise `maxSize` of the route, or let the sender send less at a time' },
  LINK_PAYLOAD: {
    fault: 'peer',
    hint: 'check what the far side sends on this topic, and `format`, `compress` and `maxSize` of the route',
  },
  LINK_NOT_DELIVERING: {
    fault: 'peer',
    hint: 'the far side takes the connection but delivers nothing: check its load, its disk and its own log',
  },
  LINK_UPLINK_ABSENT: {
    fault: 'peer',
    hint: 'check the cable or modem, and `via` of the link; `ip address` lists them',
  },
  LINK_SRV: { fault: 'peer', hint: 'check `srv` of the link and the name server of this gateway' },
  LINK_MOVED: { fault: 'peer', hint: 'nothing to do: the link went to an endpoint that it prefers' },
  LINK_LIMIT: {
    fault: 'config',
    hint: 'the far side has this limit: shorten the topic with the `to` of a route, or send smaller messages',
  },
  LINK_CERTIFICATE_EXPIRES: {
    fault: 'peer',
    hint: 'renew the certificate and replace the file: it is read again by itself',
  },
  LINK_CERTIFICATE_EXPIRED: {
    fault: 'peer',
    hint: 'renew the certificate and replace the file: it is read again by itself',
  },
  LINK_CERTIFICATE_INVALID: {
    fault: 'config',
    hint: 'correct the PEM files of the link; what was read before is used until then',
  },
  LINK_CERTIFICATE_REFUSED: {
    fault: 'peer',
    hint: 'the far side refuses the new certificate and takes the one before: make the new one known there',
  },
  LINK_RENEW_FAILED: { fault: 'config', hint: 'run the command of `renew` by hand as the user of the gateway' },
  LINK_ROUTE_INVALID: { fault: 'config', hint: 'correct the route in the configuration' },
} as const satisfies ErrorCatalogue;

export const linkError = errorsOf(linkErrors);
