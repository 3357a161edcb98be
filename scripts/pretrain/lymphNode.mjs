/**
 * Makes resources/models/lymph-node.onnx, the model that comes with Tessera: patches of lymph node sections with and
 * without metastasis, from PatchCamelyon.
 *
 *   node scripts/pretrain/lymphNode.mjs FOLDER
 *
 * FOLDER holds `train` and `valid`, each with `normal` and `tumor`: 96 px patches of PatchCamelyon's train and validation
 * splits (CC0). The number of steps and the seed are fixed, so the same packages on the same kind of processor make the
 * same weights to the last bit; about twenty minutes on two cores.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { build, install, programNode, root, run, stop } from '../setup.mjs'

const STEPS = 3600
const SEED = 1
/** µm/px of PatchCamelyon: level 2 of slides at 0.243 µm/px */
const MPP = 0.97
const CREDIT =
  'PatchCamelyon (B. S. Veeling, J. Linmans, J. Winkens, T. Cohen, M. Welling, 2018, arXiv:1806.03962; from CAMELYON16, B. Ehteshami Bejnordi et al., JAMA 2017), CC0'

const [data] = process.argv.slice(2)
if (!data)
  stop('Say where the patches are: node scripts/pretrain/lymphNode.mjs FOLDER, with “train” and “valid” in it.')

install()
build()
const model = path.join(root, 'resources', 'models', 'lymph-node.onnx')
const patches = ['--folder', path.join(data, 'train'), '--validation', path.join(data, 'valid'), '--mpp', String(MPP)]
const how = ['--preset', 'balanced', '--steps', String(STEPS), '--seed', String(SEED)]
const made = ['--name', 'Lymph node metastases', '--model', model]
const program = path.join(root, 'out', 'main', 'cli.js')
const code = await run(programNode(), [program, 'train', ...patches, ...how, ...made])
if (code !== 0) process.exit(code)

const file = model.replace(/\.onnx$/, '.card.json')
const card = JSON.parse(readFileSync(file, 'utf8'))
card.data.sources = card.data.sources.map((/** @type {string} */ name) => `${CREDIT}: ${name}`)
writeFileSync(file, `${JSON.stringify(card, null, 2)}\n`)
