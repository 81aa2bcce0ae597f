/** Where packages stand in the way of one CommonJS file. Each replacement fails the build when the package has changed. */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The facts of a build, where the sources say what holds without one. */
export function buildFacts({ version, commit, moment }) {
  return {
    name: 'build facts',
    setup(build) {
      build.onLoad({ filter: /src\/version\.ts$/ }, ({ path }) => {
        let contents = readFileSync(path, 'utf8');
        if (!contents.includes(`version = '${version}'`))
          throw new Error(`${path} has another version than package.json`);
        contents = replaceOnce(path, contents, /undefined;/g, () => `${JSON.stringify(commit)};`);
        const built = moment === undefined ? (call) => call : () => String(moment * 1000);
        return { contents: replaceOnce(path, contents, /Date\.UTC\([^)]+\)/g, built), loader: 'ts' };
      });
    },
  };
}

/** @serialport/bindings-cpp finds its addon through node-gyp-build, in folders that an executable does not have. */
export function nativeAddon(runtime) {
  return {
    name: 'native addon',
    setup(build) {
      build.onResolve({ filter: /^node-gyp-build$/ }, () => ({ path: join(runtime, 'native-addon.ts') }));
    },
  };
}

/** The device profiles become part of the program: `readProfileTexts` needs a folder that an executable does not have. */
export function deviceProfiles() {
  return {
    name: 'device profiles',
    setup(build) {
      build.onLoad({ filter: /adapters\/(modbus|serial)\/profile-files\.ts$/ }, ({ path }) => {
        const folder = join(dirname(path), 'profiles');
        const names = globSync('*/*.yaml', { cwd: folder }).toSorted();
        const texts = Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
        const call = /readProfileTexts\(join\(import\.meta\.dirname, 'profiles'\)\)/g;
        return {
          contents: replaceOnce(path, readFileSync(path, 'utf8'), call, () => `(${JSON.stringify(texts)})`),
          loader: 'ts',
        };
      });
    },
  };
}

/** The engine for functions in JavaScript is an asset; the SDKs and the templates become part of the program. */
export function functionSdk(runtime) {
  return {
    name: 'function SDK',
    setup(build) {
      build.onLoad({ filter: /src\/functions\/javascript\/engine\.ts$/ }, ({ path }) => {
        const call = /readEngine\(join\(import\.meta\.dirname, '[^']+'\)\)/g;
        const contents = replaceOnce(path, readFileSync(path, 'utf8'), call, () => "asset('engine.wasm')");
        return {
          contents: `import { asset } from ${JSON.stringify(join(runtime, 'assets.ts'))};\n${contents}`,
          loader: 'ts',
        };
      });
      build.onLoad({ filter: /src\/functions\/javascript\/templates\.ts$/ }, ({ path }) => {
        const folder = join(dirname(path), '../../../functions-sdk');
        const names = globSync(
          '{assemblyscript,c,go,js,rust,templates}/**/*.{c,h,ts,js,rs,go,mod,toml,json,yaml,md,txt}',
          {
            cwd: folder,
            exclude: ['js/engine/**'],
          },
        ).toSorted();
        const texts = Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
        const call = /readSdkTexts\(join\(import\.meta\.dirname, '[^']+'\)\)/g;
        return {
          contents: replaceOnce(path, readFileSync(path, 'utf8'), call, () => JSON.stringify(texts)),
          loader: 'ts',
        };
      });
    },
  };
}

/**
 * CommonJS has no top-level await. yoga-layout awaits its WebAssembly, which start-up in one synchronous step replaces
 * (the bytes become an asset); Ink's reconciler awaits React's developer tools, which are never there.
 *
 * @param wasmFile - where yoga's WebAssembly module is written to
 */
export function withoutTopLevelAwait(runtime, wasmFile) {
  return {
    name: 'without top-level await',
    setup(build) {
      build.onResolve({ filter: /^yoga-layout$/ }, () => ({ path: join(runtime, 'yoga.mjs') }));
      build.onLoad({ filter: /yoga-layout\/dist\/binaries\/yoga-wasm-base64-esm\.js$/ }, ({ path }) => {
        const wasm = /"data:application\/octet-stream;base64,([A-Za-z0-9+/=]+)"/g;
        let base64;
        const contents = replaceOnce(path, readFileSync(path, 'utf8'), wasm, (_, data) => {
          base64 = data;
          return '""';
        });
        writeFileSync(wasmFile, Buffer.from(base64, 'base64'));
        return { contents: replaceOnce(path, contents, /import\.meta\.url/g, () => '""') };
      });
      build.onLoad({ filter: /ink\/build\/reconciler\.js$/ }, ({ path }) => {
        let contents = readFileSync(path, 'utf8');
        contents = replaceOnce(path, contents, /import\.meta\.resolve\('react-devtools-core'\);/g, () => '');
        contents = replaceOnce(path, contents, /await import\('\.\/devtools\.js'\);/g, () => '');
        contents = replaceOnce(path, contents, /await loadPackageJson\(\)/g, () => '{}');
        return { contents };
      });
    },
  };
}

function replaceOnce(path, text, pattern, replacement) {
  const found = text.match(pattern)?.length ?? 0;
  if (found !== 1) throw new Error(`${path} has ${pattern} ${found} times, not once: the package has changed`);
  return text.replace(pattern, replacement);
}
