import { defineConfig } from 'tsup';

export default defineConfig({
  // index: the platform-neutral core. node: the same, with Node's host adaptor installed. metrics:
  // what reads `stats()`, apart from both.
  entry: { index: 'src/index.ts', node: 'src/node.ts', metrics: 'src/metrics.ts' },
  format: ['esm', 'cjs'],
  target: 'es2022',
  platform: 'node',
  // `splitting` keeps its default, on for ESM and off for CommonJS: in ESM the entries share one
  // chunk; in CommonJS each stands alone, and no program ever meets both.
  // ignoreDeprecations: tsup hands the type checker a `baseUrl` that this project does not use.
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
  sourcemap: true,
  minify: false,
  // Writes constants where they are used, across files: V8 reads a bundle's top-level variables anew.
  esbuildOptions(options) {
    options.minifySyntax = true;
  },
  clean: true,
  // A class that names itself is emitted as `_FramePool`; this gives every class its own name back.
  keepNames: true,
  // tsup would strip the prefix of `node:worker_threads`; some runtimes know it only with the prefix.
  removeNodeProtocol: false,
});
