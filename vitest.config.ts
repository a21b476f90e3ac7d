import { defineConfig } from 'vitest/config';

// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from the default export
export default defineConfig({
  // By the name that strangers import, without a build.
  resolve: { alias: { 'plumbline-oracle/sdk': new URL('sdk/index.ts', import.meta.url).pathname } },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/integration/**', 'test/devnets/**'],
    // Real sockets, real chains and real signatures: generous for a shared machine, a hang still ends.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // Libraries are loaded once for each worker and not for each of 200 files: a third of the time went into that. No test
    // may leave anything behind in a module; what needs a process of its own starts one.
    isolate: false,
    pool: 'forks',
  },
});
