import { resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'electron-vite'

const at = (file: string): string => resolve(import.meta.dirname, file)

export default defineConfig({
  main: {
    // Packages of `dependencies` (natives) stay outside the bundle; everything else is part of it. Every process of ours
    // is an entry of its own.
    build: {
      externalizeDeps: true,
      sourcemap: true,
      rolldownOptions: {
        input: {
          index: at('src-main/index.ts'),
          web: at('src-main/web.ts'),
          cli: at('src-main/cli.ts'),
          'slides.process': at('src-main/slides/slides.process.ts'),
          'engine.process': at('src-main/host/engine.process.ts'),
          'similarity.process': at('src-main/similarity/similarity.process.ts'),
          'part.worker': at('src-main/nn/part.worker.ts'),
          'predict.worker': at('src-main/training/predict.worker.ts'),
          'jpeg2000.worker': at('src-main/slides/formats/jpeg2000.worker.ts'),
          'render.process': at('src-main/exports/render.process.ts'),
        },
        // Shared pieces lie beside the entries, so that a file finds its neighbours by the same relative path.
        output: { chunkFileNames: '[name]-[hash].js' },
      },
    },
  },
  preload: {
    // A sandboxed preload is one CommonJS file that needs nothing but `electron`.
    build: {
      externalizeDeps: false,
      isolatedEntries: true,
      rolldownOptions: {
        input: { index: at('src-main/host/electron/preload.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: at('src-renderer'),
    publicDir: at('resources/public'),
    plugins: [vue()],
    build: {
      // One browser has to be pleased: Electron's, and a current one on the web host.
      target: 'chrome130',
      sourcemap: true,
      minify: true,
      // Nothing becomes a data: URL, so that the content policy stays strict.
      assetsInlineLimit: 0,
      rolldownOptions: { input: at('src-renderer/index.html') },
    },
  },
})
