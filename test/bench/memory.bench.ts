/**
 * The most memory a process holds that trains ResNet-50 on 224 px patches, 16 in a step, beside PyTorch and beside what is
 * worked out before a training starts. Takes a minute.
 */
import { ENGINE_THREADS } from '../../src-main/nn/engineFacts.ts'
import { networkShapes } from '../../src-shared/network/shapes.ts'
import { trainingMemory } from '../../src-shared/network/trainingMemory.ts'
import { ourProcess, peer, print } from './bench.ts'
import { presetForTissue } from './presetModel.ts'

const BATCH = 16
const GB = 1e9

const network = presetForTissue('resnet-50', 224)
const order = { network, batch: BATCH, seconds: 0, fewest: 1 }
const ours = ourProcess<{ peakBytes: number }>('training.process.ts', order)
const theirs = peer<{ peakBytes: number; version: string }>('torchPeer.py', [], {
  ...order,
  mode: 'train',
  layouts: ['nchw'],
  threads: ENGINE_THREADS,
})
const estimated = trainingMemory(networkShapes(network), BATCH).total
print(
  'memory',
  [
    {
      what: `resnet-50, 224 px, batch ${BATCH}`,
      unit: 'GB',
      ours: ours.peakBytes / GB,
      peer: theirs && theirs.peakBytes / GB,
      higherIsBetter: false,
    },
  ],
  theirs && `PyTorch ${theirs.version}, NCHW`,
  [`worked out beforehand: ${(estimated / GB).toFixed(2)} GB`],
)
