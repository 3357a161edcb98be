/** The labels room over the first grid of a project, without a test runner around it. */
import { SourceId } from '../../../src-shared/ids.ts'
import type { Change } from '../../../src-shared/labels.ts'
import { createLabels } from '../../../src-main/labels/handlers.ts'
import { openProject } from '../../../src-main/projects/projectStore.ts'

export function openBench(folder: string) {
  const project = openProject(folder, { who: 'a labeller' })
  const { store } = project
  const { id } = store.read.get<{ id: string }>('SELECT id FROM sources')!
  const { columns, rows } = store.read.get<{ columns: number; rows: number }>('SELECT columns, rows FROM grids')!
  const grid = SourceId.parse(id)
  const { handlers } = createLabels({
    store,
    personName: () => 'Anna',
    publish: () => undefined,
    sources: { seqOf: () => 1, byId: () => ({ kind: 'grid', columns, rows }) as never },
    pathOf: (handle) => handle,
    boundsOf: () => null,
    computeMask: () => Promise.reject(new Error('not here')),
    insertMask: () => 0,
  })
  return {
    project,
    grid,
    assign: (source: SourceId, patches: Uint32Array, classNumber: number) =>
      handlers['labels.assign']({
        source,
        patches,
        class: classNumber,
        why: 'label',
        prediction: null,
      }) as Change | null,
    undo: () => handlers['labels.undo']() as Change,
  }
}
