/** What lies where in a project's folder. */
import path from 'node:path'

export const databaseFile = (project: string): string => path.join(project, 'project.sqlite')
export const lockFile = (project: string): string => path.join(project, 'lock.sqlite')
export const holderFile = (project: string): string => path.join(project, 'lock.holder.json')
export const predictionsFolder = (project: string): string => path.join(project, 'predictions')
export const modelsFolder = (project: string): string => path.join(project, 'models')
export const runsFolder = (project: string): string => path.join(project, 'runs')
export const exportsFolder = (project: string): string => path.join(project, 'exports')
/** What encoders made of patches. */
export const featuresFolder = (project: string): string => path.join(project, 'features')
export const slidesFolder = (project: string): string => path.join(project, 'slides')
