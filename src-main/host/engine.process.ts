/** Entry of the engine process: trains networks and runs them, for the program that started it. */
import type { DeviceName } from '../../src-shared/devices.ts'
import { serve } from '../../src-shared/wire/serve.ts'
import { parentWire } from '../jobs/parentWire.ts'
import { onnxBackend, runtimeDevices } from '../nn/backendOnnx.ts'
import { engineContract } from '../nn/engineContract.ts'
import { ENGINE_THREADS } from '../nn/engineFacts.ts'
import { engineServer } from './engineServer.ts'

const backendOn = (device: DeviceName, threads = ENGINE_THREADS) => onnxBackend(threads, device)

serve(parentWire(), engineContract, engineServer(backendOn, runtimeDevices))
