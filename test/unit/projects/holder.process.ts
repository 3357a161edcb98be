/** Opens a project and holds it until it is killed. */
import { openProject } from '../../../src-main/projects/projectStore.ts'

openProject(process.argv[2]!, { who: 'a program that will be killed' })
process.send!('open')
setInterval(() => undefined, 1000)
