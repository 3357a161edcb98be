/** The command line: the same rooms as the window, without one. `tessera --help`. */
import { Command, CommanderError } from 'commander'
import { addDemoCommand } from './cli/demoCommand.ts'
import { addDeviceCommand } from './cli/deviceCommand.ts'
import { addPredictCommands } from './cli/predictCommand.ts'
import { addProjectCommands } from './cli/projectCommands.ts'
import { addSlideCommands } from './cli/slideCommands.ts'
import { addTrainCommand } from './cli/trainCommand.ts'
import { tellError } from './cli/output.ts'
import { RESEARCH_NOTICE } from '../src-shared/app.ts'
import { version } from './host/version.ts'

const program = new Command('tessera')
  .description(`Teach a computer to read tissue.\n${RESEARCH_NOTICE}`)
  .version(version)
  .showHelpAfterError('(“tessera --help” lists the commands)')
  .exitOverride()

addSlideCommands(program)
addProjectCommands(program)
addTrainCommand(program)
addPredictCommands(program)
addDemoCommand(program)
addDeviceCommand(program)

try {
  await program.parseAsync(process.argv)
} catch (error) {
  // Commander has told its own complaints; help and version are no errors.
  if (error instanceof CommanderError) process.exitCode = error.exitCode
  else {
    tellError(error, process.argv.includes('--json'))
    process.exitCode = 1
  }
}
