/** The system's own dialogs for choosing files. */
import { type BrowserWindow, dialog, type OpenDialogOptions } from 'electron'
import type { FilePurpose } from '../../../src-shared/app.ts'
import { endingsOf } from '../../files/handles.ts'

const titles: Record<FilePurpose, string> = {
  slides: 'Add slides',
  slide: 'Find the moved slide',
  csv: 'Choose a CSV file',
  'idx-images': 'Choose the IDX file with the images',
  'idx-labels': 'Choose the IDX file with the labels',
  'patch-folder': 'Choose a folder of patches',
  project: 'Choose a project folder',
  model: 'Choose a model (ONNX)',
  features: 'Choose a file of features (HDF5)',
}

/** @returns the paths chosen; empty when the person cancelled */
export async function chooseFiles(window: BrowserWindow, purpose: FilePurpose): Promise<string[]> {
  const endings = endingsOf(purpose)
  const options: OpenDialogOptions = {
    title: titles[purpose],
    properties:
      endings === null ? ['openDirectory'] : purpose === 'slides' ? ['openFile', 'multiSelections'] : ['openFile'],
    // A dialog filters by extension only; “-ubyte” of an IDX file is none, so everything is shown then.
    ...(endings?.every((ending) => ending.startsWith('.'))
      ? {
          filters: [
            { name: titles[purpose], extensions: endings.map((ending) => ending.slice(1)) },
            { name: 'All files', extensions: ['*'] },
          ],
        }
      : {}),
  }
  const { filePaths } = await dialog.showOpenDialog(window, options)
  return filePaths
}
