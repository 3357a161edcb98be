/** The command line: the same rooms as the window, without one. `tessera --help`. */
import { Command, CommanderError } from 'commander'
import { addDemoCommand } from './cli/demoCommand.ts'
import { addDeviceCommand } from './cli/deviceCommand.ts'
import { addFeatureCommands } from './cli/featureCommands.ts'
import { addModelCommands } from './cli/modelCommands.ts'
import { addPredictCommands } from './cli/predictCommand.ts'
import { addProbeCommand } from './cli/probeCommand.ts'
import { addProjectCommands } from './cli/projectCommands.ts'
import { addSlideCommands } from './cli/slideCommands.ts'
import { addTrainCommand } from './cli/trainCommand.ts'
import { listenForInterrupts } from './cli/interrupt.ts'
import { tellError } from './cli/output.ts'
import { RESEARCH_NOTICE } from '../src-shared/app.ts'
import { tesseraError } from '../src-shared/errors.ts'
import { version } from './host/version.ts'

const program = new Command('tessera')
  .description(`Teach a computer to read tissue.\n${RESEARCH_NOTICE}`)
  .version(version)
  .exitOverride()
  // Commander's own complaints are told below, like every other error: with their code.
  .configureOutput({ outputError: () => undefined })

addSlideCommands(program)
addProjectCommands(program)
addTrainCommand(program)
addPredictCommands(program)
addModelCommands(program)
addProbeCommand(program)
addFeatureCommands(program)
addDemoCommand(program)
addDeviceCommand(program)

const HINT = '“tessera --help” lists the commands, “tessera COMMAND --help” what one takes.'

/** What the person typed wrongly, as an error of ours; null when help or the version was asked for. */
const complaint = ({ exitCode, code, message }: CommanderError) =>
  exitCode === 0
    ? null
    : tesseraError('USAGE', `${code === 'commander.help' ? 'A command is missing' : sentence(message)}. ${HINT}`, {})

const sentence = (text: string): string => text.replace(/^error: /, '').replace(/\.$/, '')

listenForInterrupts()
// Who reads a pipe may have heard enough, as `head` has. The work goes on, and the exit code says how it ended.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
try {
  await program.parseAsync(process.argv)
} catch (error) {
  const told = error instanceof CommanderError ? complaint(error) : error
  if (told !== null) {
    tellError(told, process.argv.includes('--json'))
    process.exitCode = 1
  }
}
