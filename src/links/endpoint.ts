/** One way to the far side: where it listens, and from which address of this machine it is reached. */
export interface Endpoint {
  /** Unique in its link, for people: `mqtts://a.example.com:8883 via eth0`. */
  readonly key: string;
  /** Host name or IP address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  /** Name of the uplink as configured; undefined: the routing table decides. */
  readonly via: string | undefined;
  /** Address of this machine to connect from. */
  readonly localAddress: string | undefined;
  /** Name that the certificate must have; undefined: that of the host. */
  readonly serverName: string | undefined;
}

export const DEFAULT_PORT = { plain: 1_883, secure: 8_883 } as const;

/** @param url - `mqtt://host:port` or `mqtts://host:port`, checked by the configuration */
export function endpointOf(url: string): Endpoint {
  const { protocol, hostname, port } = new URL(url);
  const secure = protocol === 'mqtts:';
  return endpointAt({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? DEFAULT_PORT.secure : DEFAULT_PORT.plain) : Number(port),
    secure,
    serverName: undefined,
  });
}

export function endpointAt(place: Pick<Endpoint, 'host' | 'port' | 'secure' | 'serverName'>): Endpoint {
  const { host, port, secure } = place;
  const key = `${secure ? 'mqtts' : 'mqtt'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { ...place, key, via: undefined, localAddress: undefined };
}

/** The same place over an uplink. */
export function viaUplink(endpoint: Endpoint, via: string, localAddress: string): Endpoint {
  return { ...endpoint, key: `${endpoint.key} via ${via}`, via, localAddress };
}

/** `host:port`, for messages. */
export function placeOf({ host, port, via }: Pick<Endpoint, 'host' | 'port' | 'via'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}${via === undefined ? '' : ` via ${via}`}`;
}
