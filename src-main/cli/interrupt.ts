/**
 * What Ctrl+C, or another program that ends this one, does: whoever listens last is told and may end in its own way. With
 * nobody listening, and at the second time, the program ends at once; what it holds open is given up as it exits.
 */
const listeners: (() => void)[] = []

/** @returns the function that stops listening */
export function onInterrupt(listener: () => void): () => void {
  listeners.push(listener)
  return () => {
    const place = listeners.indexOf(listener)
    if (place >= 0) listeners.splice(place, 1)
  }
}

/** Exit codes as a shell gives them: 128 and the number of the signal. */
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

export function listenForInterrupts(): void {
  for (const [signal, code] of Object.entries(exitCodes))
    process.on(signal, () => {
      const listener = listeners.pop()
      if (listener) listener()
      else process.exit(code)
    })
}
