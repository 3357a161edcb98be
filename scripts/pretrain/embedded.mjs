/**
 * Makes resources/encoders/embedded.onnx, the encoder that comes with Tessera: networks that told patches of lymph node
 * sections with and without metastasis apart, without their last layer.
 *
 *   node scripts/pretrain/embedded.mjs FOLDER
 *
 * FOLDER holds `train` and `valid`, each with `normal` and `tumor`: 96 px patches of PatchCamelyon's train and validation
 * splits (CC0). The first member is resources/models/lymph-node.onnx, which lymphNode.mjs makes; the second is trained here
 * in the same way with another seed, so that the two err in different places. Steps and seed are fixed: the same packages on
 * the same kind of processor make the same weights to the last bit; about twenty minutes on two cores.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { build, install, programNode, root, run, stop } from '../setup.mjs'

const STEPS = 3600
const SEED = 2
/** µm/px of PatchCamelyon: level 2 of slides at 0.243 µm/px */
const MPP = 0.97

const [data] = process.argv.slice(2)
if (!data) stop('Say where the patches are: node scripts/pretrain/embedded.mjs FOLDER, with “train” and “valid” in it.')

install()
build()
const folder = mkdtempSync(path.join(tmpdir(), 'tessera-embedded-'))
const program = path.join(root, 'out', 'main', 'cli.js')

/** @param {readonly string[]} words */
async function tessera(...words) {
  const code = await run(programNode(), [program, ...words])
  if (code !== 0) process.exit(code)
}

try {
  const first = path.join(root, 'resources', 'models', 'lymph-node.onnx')
  const second = path.join(folder, 'second.onnx')
  const patches = ['--folder', path.join(data, 'train'), '--validation', path.join(data, 'valid'), '--mpp', String(MPP)]
  const how = ['--preset', 'balanced', '--steps', String(STEPS), '--seed', String(SEED)]
  await tessera('train', ...patches, ...how, '--name', 'second member', '--model', second)
  const code = await run(programNode(), [path.join(root, 'scripts', 'pretrain', 'writeEncoder.mjs'), first, second])
  if (code !== 0) process.exit(code)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
