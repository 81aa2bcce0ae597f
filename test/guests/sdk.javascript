// Every hook in TypeScript; test/support/sdk-contract.ts says what it gives.
export function onMessage(message: Message, context: Context): Outputs {
  const { previous } = context;
  if (previous !== null && previous.length === message.payload.length && previous.every((byte, i) => byte === message.payload[i])) {
    return null;
  }
  return [{ payload: JSON.stringify({ f: hpmq.config('factor') ?? 1.5 }) }, message];
}

export function onDecode(frame: Bytes): Record<string, PointValue> {
  return { w: frame[0]! * 0.5, x: new Error('overload') };
}

export function onEncode(point: string, value: PointValue): Bytes[] {
  if (typeof value !== 'number') throw new hpmq.Refusal('only numbers');
  return [new TextEncoder().encode(point)];
}

export const onConnect = ({ userName }: ConnectRequest) => ({ allow: userName === 'bob', reason: 'by name' });

const tick = (now: number): Outputs => ({ topic: 't', payload: `${now}` });
export { tick as onStart, tick as onTimer };
