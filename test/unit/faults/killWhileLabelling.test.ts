import { fork } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { rebuildFromLog } from '../../../src-main/labels/rebuild.ts'
import { openProject } from '../../../src-main/projects/projectStore.ts'
import { LabelBench } from '../../fixtures/labelBench.ts'
import { seeded } from '../../fixtures/random.ts'

const KILLS = 50

test(
  `killed ${KILLS} times while labelling, no acknowledged gesture is lost and the database stays whole`,
  { timeout: 240_000 },
  async () => {
    const bench = LabelBench.create()
    bench.addGrid(bench.addSlide(), { columns: 20, rows: 20 })
    bench.close()
    const acknowledged = path.join(path.dirname(bench.folder), 'acknowledged')
    const random = seeded(7)
    let heard = 0
    for (let kill = 0; kill < KILLS; kill++) {
      const child = fork(path.join(import.meta.dirname, 'labeller.process.ts'), [
        bench.folder,
        acknowledged,
        String(kill + 1),
      ])
      const gone = new Promise((resolve) => child.once('exit', resolve))
      await new Promise((resolve) => child.once('message', resolve))
      await new Promise((resolve) => setTimeout(resolve, 5 + random() * 60))
      child.kill('SIGKILL')
      await gone

      const project = openProject(bench.folder, { who: 'a test' })
      const { store } = project
      const told = existsSync(acknowledged) ? readFileSync(acknowledged, 'utf8').split('\n').filter(Boolean) : []
      // the last line may be half: the program died while telling, so nobody was told
      const sequences = told.flatMap((line) =>
        line.endsWith('}') ? [(JSON.parse(line) as { sequence: number }).sequence] : [],
      )
      heard = sequences.length
      const logged = new Set(
        store.read.all<{ sequence: number }>('SELECT sequence FROM gestures').map((row) => row.sequence),
      )
      const lost = sequences.filter((sequence) => !logged.has(sequence))
      expect(lost, `after kill ${kill + 1}`).toEqual([])
      expect(store.read.get('PRAGMA integrity_check')).toEqual({ integrity_check: 'ok' })
      const labels = () => store.read.all('SELECT source, patch, class FROM labels ORDER BY source, patch')
      const before = labels()
      rebuildFromLog(store)
      expect(labels(), `the labels are those of the log after kill ${kill + 1}`).toEqual(before)
      project.close()
    }
    expect(heard).toBeGreaterThan(KILLS * 3)
  },
)
