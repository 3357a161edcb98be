/** The door of spread: the window's questions about how unlike patches are go to the similarity process. */
import type { spreadCalls } from '../../src-shared/spread.ts'
import type { CallHandlers } from '../../src-shared/wire/contract.ts'
import type { SimilarityProcess } from './similarityProcess.ts'

export const createSpread = (similarity: SimilarityProcess): CallHandlers<typeof spreadCalls> => ({
  'spread.order': (question) => similarity.with([question.set], (client) => client.call('similarity.order', question)),
  'spread.alike': (question) => similarity.with([question.set], (client) => client.call('similarity.alike', question)),
})
