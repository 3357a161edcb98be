/** The version of this program, from package.json, put in by the bundler or read beside the sources. */
import manifest from '../../package.json' with { type: 'json' }

export const version: string = manifest.version
