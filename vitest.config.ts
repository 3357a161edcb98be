import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/{unit,contract,golden,migrations}/**/*.test.ts'],
    // Real child processes and real files: a test may take a while on a busy machine, but never hang.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    unstubEnvs: true,
  },
})
