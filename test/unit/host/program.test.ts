/** The program without a shell: which project is open, and how one takes the place of another. */
import { symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { nodeWorkerHost } from '../../../src-main/host/node/nodeWorkerHost.ts'
import { createProgram } from '../../../src-main/host/program.ts'
import { openProject } from '../../../src-main/projects/projectStore.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

function startProgram(dataFolder = temporaryFolder(), holder = 'Tessera in a test') {
  const program = createProgram({
    dataFolder,
    shell: { kind: 'web', reason: 'a test', holder },
    workerHost: nodeWorkerHost,
    log: () => undefined,
  })
  onTestFinished(() => program.close())
  const { calls } = program.handlers
  const parent = program.handles.handleOf(dataFolder)
  return {
    dataFolder,
    calls,
    create: async (name: string) => calls['projects.create']({ name, parent }),
    open: async (folder: string) => calls['projects.open']({ folder: program.handles.handleOf(folder) }),
    begin: (files: string[]) => program.begin(files),
    close: () => program.close(),
  }
}

test('a file the program is started with that is no slide is told to the window, once, with the reason', async () => {
  const { dataFolder, calls, create, begin } = startProgram()
  await create('Lymph nodes')
  const letter = path.join(dataFolder, 'letter.ndpi')
  writeFileSync(letter, 'Dear colleague')
  await begin([path.join(dataFolder, 'Lymph nodes'), letter])
  const { refused } = await calls['projects.current']()
  expect(refused).toMatchObject([
    { name: 'letter.ndpi', fault: { message: expect.stringContaining('letter.ndpi') as string } },
  ])
  expect((await calls['projects.current']()).refused).toEqual([])
})

test('opening the project that is open leaves it open, to be changed, whatever name it is called by', async () => {
  const { dataFolder, calls, create, open } = startProgram()
  const made = await create('Lymph nodes')
  const folder = path.join(dataFolder, 'Lymph nodes')
  expect(await open(folder)).toEqual(made)
  const link = path.join(dataFolder, 'another name')
  symlinkSync(folder, link, 'junction')
  expect(await open(link)).toEqual(made)
  expect(made.readOnly).toBeNull()
  await calls['settings.set']({ person: 'Anna' })
  await calls['labels.addClass']({ name: 'stroma', colour: null, key: null })
  expect((await calls['labels.classes']()).map((each) => each.name)).toEqual(['tumor', 'normal', 'stroma'])
})

test('another project takes its place, which frees the first', async () => {
  const { dataFolder, create, open } = startProgram()
  await create('first')
  const second = await create('second')
  openProject(path.join(dataFolder, 'first'), { who: 'another program' }).close()
  expect(() => openProject(path.join(dataFolder, 'second'), { who: 'another program' })).toThrow(
    expect.objectContaining({ code: 'PROJECT_LOCKED' }),
  )
  // one that can not be opened changes nothing
  await expect(open(path.join(dataFolder, 'third'))).rejects.toMatchObject({ code: 'PROJECT_NOT_FOUND' })
  expect(await open(path.join(dataFolder, 'second'))).toEqual(second)
})

test('of two programs on one project the second may look and change nothing; closed and opened again it may change it', async () => {
  const first = startProgram()
  await first.create('shared')
  const folder = path.join(first.dataFolder, 'shared')
  const second = startProgram(temporaryFolder(), 'Tessera in another test')
  await second.calls['settings.set']({ person: 'Ben' })
  expect((await second.open(folder)).readOnly!.holder).toMatch(/^Tessera in a test \(process/)
  const add = async () => second.calls['labels.addClass']({ name: 'stroma', colour: null, key: null })
  await expect(add()).rejects.toMatchObject({ code: 'PROJECT_READ_ONLY' })
  await first.close()
  expect((await second.open(folder)).readOnly).toBeNull()
  expect(await add()).toMatchObject({ gesture: { person: 'Ben' } })
})
