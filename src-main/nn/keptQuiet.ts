/**
 * ONNX Runtime as its maker publishes it (seen in 1.30) writes a device identity and a queue of usage reports to the disk and sends
 * them. Nothing leaves this machine: it is told not to, before its library is loaded, because it asks only once.
 * (microsoft/onnxruntime pull request 27379; on Windows the runtime hands its events to the system alone.)
 *
 * Imported before the runtime, and set by whoever starts the engine process, where the bundler may reorder imports.
 */
export const KEPT_QUIET = { ORT_DISABLE_TELEMETRY: '1' } as const

Object.assign(process.env, KEPT_QUIET)
