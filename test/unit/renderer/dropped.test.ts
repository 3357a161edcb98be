/** Files dropped on the window, as Electron's preload tells of them. */
import { createPinia, setActivePinia } from 'pinia'
import { expect, test } from 'vitest'
import { FileEntry } from '../../../src-shared/app.ts'
import { fakeMain } from '../../../src-renderer/api/fake/index.ts'
import { scenes } from '../../../src-renderer/api/fake/scene.ts'
import { openApi } from '../../../src-renderer/api/index.ts'
import { takeDropped } from '../../../src-renderer/commands/slides.ts'
import { reloadAll } from '../../../src-renderer/stores/reload.ts'
import { useFaults } from '../../../src-renderer/stores/faults.ts'
import { useWindow } from '../../../src-renderer/stores/window.ts'

test('an ONNX file is an encoder to be added, and not a slide that is refused', async () => {
  setActivePinia(createPinia())
  await openApi(fakeMain(scenes.trained).openWire)
  await reloadAll()
  const [frame, faults] = [useWindow(), useFaults()]
  const file = FileEntry.parse({ handle: 'made-up', name: 'Lunit.ONNX', kind: 'file', bytes: 12, modifiedAt: 1 })
  await takeDropped([file])
  expect(frame.dialog).toEqual({ kind: 'encoder', file })
  expect(faults.shown).toEqual([])
})
