/** Vendors' TIFFs, told by what their first directory says; their readers are loaded only when there is such a file. */

/** @param software, description of the first directory */
export const isPhilips = (software: string, description: string): boolean =>
  software.startsWith('Philips') && description.includes('DPUfsImport')

/** @param description of the first directory */
export const isLeicaScn = (description: string): boolean => description.includes('leica-microsystems.com/scn')
