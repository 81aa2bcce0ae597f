/** The configuration files of the demo. The addresses are those of the simulated plant (registers.ts). */

/** The upstream: a plain broker of ours. */
export const cloudConfig = (): string => `gateway: { id: cloud, data: cloud }
broker:
  listeners:
    - { type: tcp, host: 127.0.0.1, port: 0 }
`;

/** The gateway at the plant: three Modbus units on one TCP endpoint, and a link to the cloud. */
export const plantConfig = (
  plant: { host: string; port: string },
  cloud: string,
): string => `gateway: { id: demo, data: demo }
broker:
  listeners:
    - { type: tcp, host: 127.0.0.1, port: 0 }

ports:
  plant: { type: tcp, host: ${plant.host}, port: ${plant.port}, timeout: 500ms }

devices:
  boiler:
    adapter: modbus
    port: plant
    unit: 1
    every: 500ms
    points:
      temperature: { address: 'input:0', type: int16, scale: 0.1, unit: °C, report: { deadband: 0.2 } }
      pressure:    { address: 'input:1', type: uint16, scale: 0.01, unit: bar }
      flow:        { address: 'input:2', type: uint16, scale: 0.1, unit: m³/h }
      flame:       { address: 'discrete:0' }
      setpoint:    { address: 'holding:0', type: int16, scale: 0.1, unit: °C, write: { min: 10, max: 90, step: 0.5 } }
      burner:      { address: 'coil:0', write: { critical: true } }
  meter:
    adapter: modbus
    port: plant
    unit: 2
    every: 1s
    points:
      voltage: { address: 'input:0', type: float32, unit: V, decimals: 1, report: { deadband: 0.5 } }
      current: { address: 'input:6', type: float32, unit: A, decimals: 2, report: { deadband: 0.1 } }
      power:   { address: 'input:12', type: float32, unit: kW, decimals: 2, report: { deadband: 0.05 } }
      energy:  { address: 'input:18', type: float64, unit: kWh, decimals: 2 }
  tank:
    adapter: modbus
    port: plant
    unit: 3
    every: 1s
    points:
      level:  { address: 'input:0', type: uint16, scale: 0.1, unit: '%', report: { deadband: 0.2 } }
      high:   { address: 'discrete:0' }
      low:    { address: 'discrete:1' }
      pump:   { address: 'coil:0', write: true }

history: { keep: 1d, maxBytes: 100MB }

links:
  cloud:
    type: mqtt
    url: mqtt://${cloud}
    routes:
      - { direction: out, filter: 'hpmq/demo/#', to: 'plants/demo/{topic:2}', qos: 1 }
      - { direction: in, filter: 'plants/demo/cmd/#', to: 'hpmq/demo/{topic:3}', qos: 1 }
`;
