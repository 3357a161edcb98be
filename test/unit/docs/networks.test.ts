/** The table of networks in the user's guide, against the networks. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { PresetName } from '../../../src-shared/networks.ts'
import { DataKind } from '../../../src-shared/training.ts'
import { presetsFor } from '../../../src-shared/trainingPresets.ts'
import { networkSummaries } from '../../../src-main/models/presets.ts'

const docs = path.resolve(import.meta.dirname, '../../../docs/user')
const training = readFileSync(path.join(docs, 'training.md'), 'utf8')
const commandLine = readFileSync(path.join(docs, 'command-line.md'), 'utf8')

const whole = (value: number) => value.toLocaleString('en')
const many = (value: number) =>
  value >= 1e9 ? `${(value / 1e9).toFixed(2)} billion` : `${(value / 1e6).toFixed(1)} million`
const bytes = (value: number) => (value >= 1e9 ? `${(value / 1e9).toFixed(1)} GB` : `${Math.round(value / 1e6)} MB`)

/** For digits of 28 px where they are made for these, else for 96 px patches. */
const summaries = [...networkSummaries(3, 96, 2, 8e9), ...networkSummaries(1, 28, 10, 8e9)]
const shown = PresetName.options.map((preset) => {
  const isForDigits = preset.startsWith('digits')
  return summaries.find((each) => each.preset === preset && (each.usable || !isForDigits))!
})

test.each(shown)('the guide has $title with its figures', (network) => {
  if (!network.usable) throw new Error(network.reason)
  const { title, preset, parameters, multiplyAdds, receptiveFieldPx, trainingBytes } = network
  expect(training).toContain(
    `| ${title} | \`${preset}\` | ${whole(parameters)} | ${many(multiplyAdds)} | ${whole(receptiveFieldPx)} px | ${bytes(trainingBytes)} |`,
  )
  expect(commandLine).toContain(`\`${preset}\``)
})

const timeOf = (minutes: number) => (minutes === 0.5 ? 'half a minute' : `${minutes} min`)

test.each(DataKind.options.flatMap((data) => presetsFor(data).map((preset) => ({ data, ...preset }))))(
  'the guide has the preset $title for $data, and how long it takes',
  ({ data, title, name, minutes }) => {
    expect(training).toContain(`| ${data} | ${title} | \`${name}\` | ${timeOf(minutes)} |`)
  },
)
