// Compiles every TypeScript file to the same place below dist/, and puts the device profiles and the function SDK beside them. Types are checked by `npm run lint`, not here.
import { cpSync, globSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

const roots = ['bin', 'src', 'adapters', 'test'];
for (const root of roots) rmSync(`dist/${root}`, { recursive: true, force: true });

await build({
  entryPoints: globSync(roots.map((root) => `${root}/**/*.{ts,tsx}`)),
  outdir: 'dist',
  outbase: '.',
  format: 'esm',
  platform: 'node',
  target: 'node24',
  jsx: 'automatic',
  supported: { using: true },
  sourcemap: 'linked',
  logLevel: 'warning',
});

rmSync('dist/functions-sdk', { recursive: true, force: true });
for (const profiles of ['adapters/modbus/profiles', 'adapters/serial/profiles', 'functions-sdk']) {
  cpSync(profiles, `dist/${profiles}`, { recursive: true });
}
