/** Entry of the similarity process: holds features in memory and answers questions about them. */
import { serve } from '../../src-shared/wire/serve.ts'
import { parentWire } from '../jobs/parentWire.ts'
import { similarityContract } from './contract.ts'
import { similarityServer } from './similarityServer.ts'

/** Our own answers are parsed in tests only: those for 50,000 patches are wanted in milliseconds. */
const strict = process.env['TESSERA_STRICT'] === '1'

serve(parentWire(), similarityContract, similarityServer(), { strict })
