/** Runs out/main/index.js with `electron` resolved to the stand-in. */
import { registerHooks } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const standIn = new URL('./electron.ts', import.meta.url).href

export async function runBuilt(root: string): Promise<void> {
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'electron' ? { url: standIn, shortCircuit: true } : next(specifier, context),
  })
  try {
    await import(pathToFileURL(path.join(root, 'out', 'main', 'index.js')).href)
  } finally {
    hooks.deregister()
  }
}
