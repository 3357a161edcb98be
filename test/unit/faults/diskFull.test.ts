import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { openProject } from '../../../src-main/projects/projectStore.ts'
import { LabelBench, TUMOR } from '../../fixtures/labelBench.ts'
import { checkpointFile, readCheckpoint } from '../../../src-main/training/checkpoint.ts'
import { aFolder, anOrder, runTraining, someData } from '../training/trainingBench.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

/** Runs a script that may write files of at most so many kB: a full disk as the program sees it. */
function underLimit(kilobytes: number, script: string, args: string[]) {
  // the limit counts in blocks of 1024 bytes in bash, and Node itself ignores the signal that comes with it
  const command = `ulimit -f ${kilobytes}; exec "$0" "$@"`
  return spawnSync('bash', ['-c', command, process.execPath, path.join(import.meta.dirname, script), ...args], {
    encoding: 'utf8',
  })
}

test.skipIf(process.platform === 'win32')(
  'a label that does not fit on the disk is refused by name, and every one before it is kept',
  () => {
    const bench = LabelBench.create()
    const grid = bench.addGrid(bench.addSlide(), { columns: 20, rows: 20 })
    bench.assign(grid, [1], TUMOR)
    bench.close()
    const { stdout, stderr } = underLimit(512, 'limited.process.ts', [bench.folder])
    expect(stderr).toBe('')
    const said = JSON.parse(stdout) as { code: string; message: string; acknowledged: number; stored: number }
    expect(said).toMatchObject({ code: 'DISK_FULL', message: expect.stringContaining('is full') })
    expect(said.stored).toBe(said.acknowledged)
    const project = openProject(bench.folder, { who: 'a test' })
    expect(project.store.read.get('SELECT count(*) AS n FROM gestures')).toEqual({ n: said.acknowledged })
    expect(project.store.read.get('PRAGMA integrity_check')).toEqual({ integrity_check: 'ok' })
    project.close()
  },
)

test.skipIf(process.platform === 'win32')(
  'a file that does not fit on the disk gets no name, and the one that was there stays',
  () => {
    const folder = temporaryFolder()
    const file = path.join(folder, 'slide.csv')
    const { stdout } = underLimit(64, 'bigFile.process.ts', [file])
    expect(JSON.parse(stdout)).toMatchObject({ code: 'DISK_FULL', data: { file } })
    expect(existsSync(file)).toBe(true)
    expect(readFileSync(file, 'utf8')).toBe('the export of yesterday')
    expect(readdirSync(folder)).toEqual(['slide.csv'])
  },
)

test.skipIf(process.platform === 'win32')(
  'a checkpoint that does not fit on the disk is refused by name, and the training goes on from the one before',
  async () => {
    const folder = aFolder()
    const through = aFolder()
    await runTraining(anOrder(through))
    await runTraining(anOrder(folder), someData(), 9)
    const before = readFileSync(checkpointFile(folder, 'latest'))
    const { stdout, stderr } = underLimit(256, 'checkpointer.process.ts', [folder])
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual({ code: 'DISK_FULL' })
    expect(readFileSync(checkpointFile(folder, 'latest'))).toEqual(before)
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([])
    await runTraining(anOrder(folder))
    const [one, two] = [await readCheckpoint(through, 'latest'), await readCheckpoint(folder, 'latest')]
    expect(two!.weights).toEqual(one!.weights)
  },
)
