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
  /** WebSocket: path and query; undefined: MQTT on the socket itself. */
  readonly path: string | undefined;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'mqtt:': 1_883, 'mqtts:': 8_883, 'ws:': 80, 'wss:': 443 };

/** @param url - mqtt://, mqtts://, ws:// or wss://, checked by the configuration */
export function endpointOf(url: string): Endpoint {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  const isWeb = protocol === 'ws:' || protocol === 'wss:';
  return endpointAt({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? DEFAULT_PORTS[protocol]! : Number(port),
    secure: protocol === 'mqtts:' || protocol === 'wss:',
    serverName: undefined,
    path: isWeb ? pathname + search : undefined,
  });
}

export function endpointAt(place: Pick<Endpoint, 'host' | 'port' | 'secure' | 'serverName' | 'path'>): Endpoint {
  return { ...place, key: urlOf(place), via: undefined, localAddress: undefined };
}

export function urlOf({ host, port, secure, path }: Pick<Endpoint, 'host' | 'port' | 'secure' | 'path'>): string {
  const scheme = `${path === undefined ? 'mqtt' : 'ws'}${secure ? 's' : ''}`;
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}${path ?? ''}`;
}

/** The same place over an uplink. */
export function viaUplink(endpoint: Endpoint, via: string, localAddress: string): Endpoint {
  return { ...endpoint, key: `${endpoint.key} via ${via}`, via, localAddress };
}

/** `host:port`, for messages. */
export function placeOf({ host, port, via }: Pick<Endpoint, 'host' | 'port' | 'via'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}${via === undefined ? '' : ` via ${via}`}`;
}
