import t from 'tap';
import { fuzzModules } from '../../../fuzz/wasm/run.js';
import { needsAssemblyScript } from '../../../support/guests.js';
import { needs } from '../../../support/peers.js';

const peers = { ...needsAssemblyScript(), ...needs('clang', 'wasm-ld') };

t.test('mutated modules are refused or trap, and never escape their caps', peers, async (t) => {
  const sum = await fuzzModules({ modules: 3_000, seed: 20 });
  t.strictSame(sum.failures, []);
  t.equal(sum.modules, 3_000);
  t.ok(sum.refused > 500, `${sum.refused} were refused`);
  t.ok(sum.answered > 100, `${sum.answered} only answered`);
  t.ok((sum.traps.fuel ?? 0) > 100, `${sum.traps.fuel} ran out of fuel`);
  t.ok((sum.traps.memory ?? 0) > 20, `${sum.traps.memory} wanted more memory`);
});
