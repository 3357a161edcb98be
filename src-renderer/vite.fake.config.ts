/**
 * The window alone, over the in-memory main of api/fake: for looking at screens and for pictures of them.
 * `vite --config src-renderer/vite.fake.config.ts`, then open /fake.html?scene=sample. No part of the program.
 */
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

export default defineConfig({
  root: 'src-renderer',
  plugins: [vue()],
  build: {
    target: 'chrome130',
    assetsInlineLimit: 0,
    emptyOutDir: true,
    rolldownOptions: { input: 'src-renderer/fake.html' },
  },
})
