import { defineConfig } from '@playwright/test'

export default defineConfig({
  testDir: 'test/e2e',
  outputDir: 'test-results/e2e',
  timeout: 120_000,
  expect: { timeout: 15_000 },
  fullyParallel: false,
  // Each file has a program and a browser of its own. Trainings run at a low priority and clicks before them.
  workers: 2,
  forbidOnly: process.env['CI'] !== undefined,
  projects: [
    // the built window on the web host, in a real browser
    { name: 'web', testMatch: /\.web\.spec\.ts$/ },
    // the built main bundle and preload under the stand-in for Electron
    { name: 'standin', testMatch: /\.standin\.spec\.ts$/ },
    // the real Electron, where there is one
    { name: 'electron', testMatch: /\.electron\.spec\.ts$/ },
  ],
})
