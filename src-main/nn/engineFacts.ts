/** What the engine is, for a person to read and for records, without starting it or loading its library. */
import { createRequire } from 'node:module'
import * as z from 'zod'
import { type DeviceName, deviceFacts } from '../../src-shared/devices.ts'

// Only the manifest: requiring the package itself would load its library into this process.
const runtime = z.object({ version: z.string() }).parse(createRequire(import.meta.url)('onnxruntime-node/package.json'))

/** The last bits of a result can depend on how work is shared out, so the number is fixed and stands in the card. */
export const ENGINE_THREADS = 2

export const ENGINE = { name: 'ONNX Runtime', version: runtime.version, device: 'CPU', threads: ENGINE_THREADS }

export const ENGINE_NAME = `${ENGINE.name} ${ENGINE.version}`

/** “ONNX Runtime 1.30.0, WebGPU (WebGpuExecutionProvider)” */
export const engineOn = (device: DeviceName): string => `${ENGINE_NAME}, ${deviceWithProvider(device)}`

const deviceWithProvider = (device: DeviceName): string =>
  `${deviceFacts[device].label} (${deviceFacts[device].provider})`
