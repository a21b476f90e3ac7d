import { defineConfig } from 'vitest/config';

/** The long devnets of `npm run test:devnets`: sick watchers and lying JSON-RPC services, and those of `npm test`. */
// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from the default export
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/devnets/**/*.test.ts', 'test/integration/**/*.test.ts'],
    env: { PLUMBLINE_DEVNETS: 'all' },
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 240_000,
    hookTimeout: 240_000,
    pool: 'forks',
  },
});
