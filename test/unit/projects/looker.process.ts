/** Opens the project in a folder as a user who may not write there, and says what happens. */
import { isTesseraError, messageOf } from '../../../src-shared/errors.ts'
import { openProject } from '../../../src-main/projects/projectStore.ts'

const folder = process.argv[2]!
const failure = (work: () => unknown): unknown => {
  try {
    work()
    return null
  } catch (error) {
    return error
  }
}

const toChange = failure(() => openProject(folder, { who: 'a test' }))
const { project, store, close } = openProject(folder, { who: 'a test', readonly: true })
const people = store.read.all('SELECT name FROM people')
const refused = failure(() => store.transaction('test', (db) => db.run('DELETE FROM people')))
close()
console.log(
  JSON.stringify({
    toChange: isTesseraError(toChange) ? toChange.code : messageOf(toChange),
    name: project.name,
    why: project.readOnly?.why,
    people,
    refused: messageOf(refused),
  }),
)
