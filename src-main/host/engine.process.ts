/** Entry of the engine process: trains networks and runs them, for the program that started it. */
import { serve } from '../../src-shared/wire/serve.ts'
import { parentWire } from '../jobs/parentWire.ts'
import { onnxBackend } from '../nn/backendOnnx.ts'
import { engineContract } from '../nn/engineContract.ts'
import { ENGINE_THREADS } from '../nn/engineFacts.ts'
import { engineServer } from './engineServer.ts'

serve(parentWire(), engineContract, engineServer(onnxBackend(ENGINE_THREADS)))
