/** What comes with the program: beside the bundle and beside the sources alike. */
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const resourcesFolder = fileURLToPath(new URL('../../resources', import.meta.url))

export const sampleFolder = path.join(resourcesFolder, 'sample')

export const shippedModelsFolder = path.join(resourcesFolder, 'models')

export const shippedEncodersFolder = path.join(resourcesFolder, 'encoders')
