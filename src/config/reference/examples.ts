/** One per section; each is a whole configuration that `config check` accepts, its files provided. */
export const examples = {
  gateway: `
gateway: { id: plant-7, data: /var/lib/hpmq }
`,
  store: `
store: { durability: strict, maxBytes: 2GB, overflow: refuse, minFree: 5% }
`,
  broker: `
broker:
  sysInterval: 30s
  responseInformation: answers/%c
`,
  listeners: `
broker:
  listeners:
    - { type: tcp, host: 127.0.0.1, port: 1883 }
    - type: tls
      host: 0.0.0.0
      port: 8883
      cert: server.pem
      key: { file: server.key }
      clientCa: clients-ca.pem
      clientCertificate: optional
      limits: { connections: 200, messageRate: 100 }
    - { type: unix, path: /run/hpmq/mqtt.sock, mode: '0660', auth: { anonymous: true } }
  auth: { users: users.yaml }
`,
  auth: `
broker:
  auth:
    users: users.yaml                # written by hpmq user add
    rules:
      - { roles: [operator], allow: subscribe, topics: ['hpmq/#', '$SYS/#'] }
      - { roles: [operator], allow: publish, topics: 'hpmq/plant-7/+/+/set' }
      - { roles: [device], allow: all, topics: 'field/%u/#' }
      - { deny: publish, topics: 'hpmq/plant-7/boiler/release/set' }
`,
  limits: `
broker:
  limits:
    connections: 200
    messageRate: 500
    packetBytes: 256KB
    slowConsumer: { qos0: drop-oldest, timeout: 10m }
`,
  ports: `
ports:
  line-a:
    type: serial
    path: /dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0
    baudRate: 19200
    parity: even
    timeout: 500ms
  header: { type: serial, path: /dev/serial0, baudRate: 9600, parity: none, rs485: { mode: rts, delayAfter: 1ms } }
  converter: { type: tcp, host: 10.0.0.7, port: 4001, framing: rtu }
  plc: { type: tcp, host: 10.0.0.8, port: 502, idleTimeout: 30s }
devices:
  boiler: { adapter: modbus, port: line-a, unit: 3, points: { state: { address: 'holding:0' } } }
`,
  devices: `
ports: { plc: { type: tcp, host: 10.0.0.7, port: 502 } }
devices:
  boiler:
    adapter: modbus
    port: plc
    every: 1s
    points:
      temperature: { address: 'holding:100', type: int16, scale: 0.1, unit: °C, report: { deadband: 0.2 } }
      setpoint:
        address: 'holding:120'
        write: { min: 10, max: 90, rate: { writes: 10, per: 1m }, revert: { after: 10m, value: 20 } }
  incomer: { profile: eastron/sdm630, port: plc, unit: 7 }
`,
  modbus: `
ports: { line-a: { type: serial, path: /dev/ttyUSB0, baudRate: 9600, parity: even } }
devices:
  meter:
    adapter: modbus
    port: line-a
    unit: 1
    order: CDAB                      # low word first
    points:
      energy: { address: 'input:32', type: float32, unit: kWh }
      overload: { address: 'input:40', bit: 3 }
      serial: { address: 'input:64', type: string, length: 20, every: 1h }
`,
  serial: `
ports: { line-b: { type: serial, path: /dev/ttyUSB1, baudRate: 9600, parity: none } }
devices:
  scale:
    adapter: serial
    port: line-b
    frame: { delimiter: "\\r\\n" }
    parse: { regex: '^(?<stability>ST|US),GS,(?<weight>[+-]\\s*[\\d.]+)kg$' }
    staleAfter: 5s
    points:
      weight: { type: number, unit: kg }
      stable: { field: stability, is: ST }
      tare: { command: true, send: "T\\r\\n", write: true }
`,
  coap: `
devices:
  room-7:
    adapter: coap
    port: { type: udp, host: 10.0.0.42, port: 5683 }
    points:
      temperature: { path: /sensors/temp, unit: °C }
      humidity: { path: '/env?unit=rel', format: json, pointer: /main/hum, observe: false, every: 30s }
`,
  simulator: `
devices:
  try-out: { adapter: simulator, points: { level: { wave: sine, period: 1m, min: 0, max: 100 } } }
`,
  modbusServer: `
ports: { plc: { type: tcp, host: 10.0.0.7, port: 502 } }
devices:
  boiler: { adapter: modbus, port: plc, points: { temperature: { address: 'holding:100', type: int16, scale: 0.1 } } }
servers:
  scada:
    type: modbus
    listen: { type: tcp, host: 0.0.0.0, port: 502 }
    allow: [10.1.0.0/16]
    units:
      1: { points: [{ point: boiler.temperature, address: 'input:0', type: int16, scale: 0.1 }] }
      3: { device: boiler, maxAge: 5s }
`,
  coapServer: `
servers:
  field:
    type: coap
    listen: { type: udp, host: 0.0.0.0, port: 5683 }
    allow: [10.2.0.0/16]
    mailboxes: { valve-3: { topic: plant/valve-3/command } }
`,
  links: `
gateway: { id: plant-7 }
links:
  cloud:
    type: mqtt
    url: [mqtts://a.example.com, mqtts://b.example.com]
    username: plant-7
    password: { file: cloud.password }
    tls: { ca: ca.pem, cert: client.pem, key: { file: client.key } }
    outbox: { maxBytes: 1GB, full: thin, thin: { interval: 1m }, order: live-first, rate: 500 }
    routes:
      - { direction: out, filter: 'hpmq/plant-7/#', to: 'plants/7/{topic:2}' }
      - { direction: in, filter: 'plants/7/cmd/#', to: 'hpmq/{gateway}/{topic:3}' }
`,
  routes: `
gateway: { id: plant-7 }
links:
  platform:
    type: mqtt
    url: mqtt://tb.example.com
    username: a1b2c3
    routes:
      - direction: out
        filter: ['hpmq/plant-7/+/+', 'hpmq/plant-7/+/$state']
        except: 'hpmq/plant-7/camera/#'
        to: v1/gateway/telemetry
        format: { type: thingsboard, api: gateway }
        batch: { maxMessages: 500, maxDelay: 1m }
        compress: gzip
        schedule: ['mon-fri 18:00-07:00', 'sat,sun']
`,
  functions: `
functions:
  tidy:
    file: 'builtin:dead-band'
    on: { upstream: raw/# }
    config: { path: v, band: 0.5 }
    grants: { kv: 1MiB }
    limits: { fuel: 1M }
    onError: pass
`,
  functionRegistry: `
functionRegistry:
  trust: [{ prefix: registry.example.com/, keys: [fn.pub], required: true }]
  auth: { registry.example.com: { username: plant-7, password: { file: registry.password } } }
`,
  history: `
history: { points: ['*/temperature', '*/power'], keep: 90d, maxBytes: 2GB }
`,
  api: `
api: { metrics: { host: 127.0.0.1, port: 9464 } }
log: { level: info }
tui: { readOnly: true }
`,
  update: `
update: { mqtt: true }
`,
} as const;
