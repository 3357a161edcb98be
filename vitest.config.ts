import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/{unit,contract,golden,migrations}/**/*.test.ts'],
    // Real child processes and real files: a test may take a while on a busy machine, but never hang.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    // Most tests wait for processes of their own, or are small: on two cores one at a time would leave one idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    unstubEnvs: true,
    // tests that load the engine into their own process: see src-main/nn/keptQuiet.ts
    env: { ORT_DISABLE_TELEMETRY: '1' },
  },
})
