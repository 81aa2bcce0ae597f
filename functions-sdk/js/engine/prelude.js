(() => {
  const { kvGet, kvSet, kvDelete, pointRead, pointCommand, ask, write, number, encode, decode } = hpmq;
  for (const name of ['kvGet', 'kvSet', 'kvDelete', 'pointRead', 'pointCommand', 'ask', 'write', 'number', 'encode', 'decode']) {
    delete hpmq[name];
  }
  const levels = { debug: 0, info: 1, warn: 2, error: 3 };
  const shown = (value) => {
    if (typeof value === 'string') return value;
    if (value instanceof Error) return `${value}\n${value.stack}`;
    if (value instanceof Uint8Array) return `<${Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join(' ')}>`;
    return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
  };
  hpmq.log = (text, level = 'info') => write(levels[level] ?? 1, shown(text));
  hpmq.kv = Object.freeze({
    get: kvGet,
    getText: (key) => {
      const value = kvGet(key);
      return value === undefined ? undefined : decode(value);
    },
    getJson: (key) => {
      const value = kvGet(key);
      return value === undefined ? undefined : JSON.parse(decode(value));
    },
    set: kvSet,
    delete: kvDelete,
  });
  hpmq.point = Object.freeze({ read: pointRead, command: pointCommand });
  hpmq.http = (request) => ask(JSON.stringify(typeof request === 'string' ? { url: request } : request));
  hpmq.Refusal = class Refusal extends Error {};
  hpmq.Refusal.prototype.name = 'Refusal';
  Object.freeze(hpmq);
  Math.random = number;
  globalThis.console = Object.freeze({
    debug: (...values) => write(0, values.map(shown).join(' ')),
    log: (...values) => write(1, values.map(shown).join(' ')),
    info: (...values) => write(1, values.map(shown).join(' ')),
    warn: (...values) => write(2, values.map(shown).join(' ')),
    error: (...values) => write(3, values.map(shown).join(' ')),
  });
  globalThis.TextEncoder = class TextEncoder {
    get encoding() {
      return 'utf-8';
    }
    encode(text = '') {
      return encode(text);
    }
  };
  globalThis.TextDecoder = class TextDecoder {
    constructor(label = 'utf-8') {
      if (!/^utf-?8$/i.test(label)) throw new RangeError(`there is no ${label} here, only utf-8`);
    }
    get encoding() {
      return 'utf-8';
    }
    decode(bytes) {
      return bytes === undefined ? '' : decode(bytes);
    }
  };
})();
