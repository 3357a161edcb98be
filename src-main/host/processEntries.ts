/** Where the programs of our own processes lie: beside the built bundle, or in the source tree when that is what runs. */
import { fileURLToPath } from 'node:url'
import type { ProcessEntry } from '../jobs/workerHost.ts'

const sources: Record<ProcessEntry, string> = {
  slides: '../slides/slides.process.ts',
  render: '../exports/render.process.ts',
  engine: './engine.process.ts',
  similarity: '../similarity/similarity.process.ts',
}

/** The bundler puts every entry into one folder; the source tree has them in their rooms. */
export const processFile = (entry: ProcessEntry): string =>
  fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? sources[entry] : `./${entry}.process.js`, import.meta.url))
