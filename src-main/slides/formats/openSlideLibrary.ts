/**
 * OpenSlide, where the person has installed it: found, checked, and called in the slide process only, as a crafted file
 * can end it.
 *
 * Versions before 4.0.1 write outside their memory on a crafted Ventana BIF (CVE-2026-48977), so they never get one; of
 * other formats they are used, and a warning stands in the slide's properties.
 * Source: openslide.h of 3.4.1 and 4.0.1, which share all that is used here but the colour profile: since 4.0.0.
 */
import koffi from 'koffi'
import { messageOf } from '../../../src-shared/errors.ts'
import { MOST_PROFILE_BYTES } from './colourProfile.ts'

export interface OpenSlideLibrary {
  version: string
  /** 4.0.1 or newer */
  isCurrent: boolean
  /** @throws {OpenSlideFault} */
  open(file: string): OpenSlideHandle
}

export interface OpenSlideHandle {
  levels: { width: number; height: number; downsample: number }[]
  properties: Map<string, string>
  associated: Map<string, { width: number; height: number }>
  /**
   * Premultiplied ARGB in the machine's order: [height, width].
   * @param x, y top left corner in level-0 px
   * @throws {OpenSlideFault} after which the handle is of no use any more
   */
  read(x: number, y: number, level: number, width: number, height: number): Promise<Uint32Array>
  readAssociated(name: string): Promise<Uint32Array>
  /** ICC; null = the slide has none, or this version of OpenSlide does not say. @throws {OpenSlideFault} */
  profile(): Buffer | null
  close(): void
}

/** Says what OpenSlide says. */
export class OpenSlideFault extends Error {}

const candidates: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  linux: ['libopenslide.so.1', 'libopenslide.so.0'],
  darwin: [
    'libopenslide.1.dylib',
    '/opt/homebrew/lib/libopenslide.1.dylib',
    '/usr/local/lib/libopenslide.1.dylib',
    'libopenslide.0.dylib',
  ],
  win32: ['libopenslide-1.dll', 'libopenslide-0.dll'],
}

let found: { key: string; library: OpenSlideLibrary | null } | null = null

/** $TESSERA_OPENSLIDE names the library's file; else it is looked for where the system keeps libraries. null = none. */
export function openSlideLibrary(environment: NodeJS.ProcessEnv = process.env): OpenSlideLibrary | null {
  const chosen = environment['TESSERA_OPENSLIDE']
  const names = chosen ? [chosen] : (candidates[process.platform] ?? [])
  const key = names.join('\n')
  if (found?.key !== key) found = { key, library: firstOf(names) }
  return found.library
}

function firstOf(names: readonly string[]): OpenSlideLibrary | null {
  for (const name of names)
    try {
      return bind(koffi.load(name))
    } catch {
      // not there, or not for this machine: the next
    }
  return null
}

/** Largest side of a level and most levels that are believed. */
const LIMITS = { side: 2 ** 22, levels: 64, properties: 4096 } as const

const isCurrent = (version: string): boolean => {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  return major > 4 || (major === 4 && (minor > 0 || patch >= 1))
}

/** Nothing in a version that has none. */
function profileCalls(library: ReturnType<typeof koffi.load>) {
  try {
    return {
      profileSize: library.func('int64_t openslide_get_icc_profile_size(void *)'),
      readProfile: library.func('void openslide_read_icc_profile(void *, _Out_ void *)'),
    }
  } catch {
    return { profileSize: null, readProfile: null } // 3.4 and older
  }
}

function bind(library: ReturnType<typeof koffi.load>): OpenSlideLibrary {
  const call = {
    version: library.func('const char *openslide_get_version()'),
    detect: library.func('const char *openslide_detect_vendor(const char *)'),
    open: library.func('void *openslide_open(const char *)'),
    close: library.func('void openslide_close(void *)'),
    error: library.func('const char *openslide_get_error(void *)'),
    levelCount: library.func('int32_t openslide_get_level_count(void *)'),
    levelSize: library.func('void openslide_get_level_dimensions(void *, int32_t, _Out_ int64_t *, _Out_ int64_t *)'),
    downsample: library.func('double openslide_get_level_downsample(void *, int32_t)'),
    propertyNames: library.func('void *openslide_get_property_names(void *)'),
    property: library.func('const char *openslide_get_property_value(void *, const char *)'),
    associatedNames: library.func('void *openslide_get_associated_image_names(void *)'),
    associatedSize: library.func(
      'void openslide_get_associated_image_dimensions(void *, const char *, _Out_ int64_t *, _Out_ int64_t *)',
    ),
    read: library.func('void openslide_read_region(void *, uint32_t *, int64_t, int64_t, int32_t, int64_t, int64_t)'),
    readAssociated: library.func('void openslide_read_associated_image(void *, const char *, uint32_t *)'),
    ...profileCalls(library),
  }
  const version = String(call.version())

  return {
    version,
    isCurrent: isCurrent(version),
    open(file) {
      const handle: unknown = call.open(file)
      if (!handle) throw new OpenSlideFault('OpenSlide does not know this file')
      const refuse = (): void => {
        const fault = call.error(handle) as string | null
        if (fault) throw new OpenSlideFault(fault)
      }
      const names = (list: unknown): string[] => {
        const all: string[] = []
        if (!list) return all
        for (let i = 0; i < LIMITS.properties; i++) {
          const name = koffi.decode(list, i * koffi.sizeof('void *'), 'str') as string | null
          if (name === null) break
          all.push(name)
        }
        return all
      }
      const sized = (ask: (width: number[], height: number[]) => void): { width: number; height: number } => {
        const [width, height] = [[0], [0]]
        ask(width, height)
        const size = { width: Number(width[0]), height: Number(height[0]) }
        if (size.width > 0 && size.height > 0 && size.width <= LIMITS.side && size.height <= LIMITS.side) return size
        throw new OpenSlideFault(`it claims to have ${size.width} × ${size.height} px`)
      }
      /** Runs a call on one of the system's threads. */
      const later = (run: (done: (error: unknown) => void) => void): Promise<void> =>
        new Promise((resolve, reject) =>
          run((error) => (error ? reject(new OpenSlideFault(messageOf(error))) : resolve())),
        )
      try {
        refuse()
        const count = Number(call.levelCount(handle))
        if (count < 1 || count > LIMITS.levels) throw new OpenSlideFault(`it claims to have ${count} levels`)
        return {
          levels: Array.from({ length: count }, (_, level) => ({
            ...sized((width, height) => void call.levelSize(handle, level, width, height)),
            downsample: Number(call.downsample(handle, level)),
          })),
          properties: new Map(
            names(call.propertyNames(handle)).map((name) => [name, String(call.property(handle, name) ?? '')]),
          ),
          associated: new Map(
            names(call.associatedNames(handle)).map((name) => [
              name,
              sized((width, height) => void call.associatedSize(handle, name, width, height)),
            ]),
          ),
          async read(x, y, level, width, height) {
            const pixels = new Uint32Array(width * height)
            await later((done) => call.read.async(handle, pixels, x, y, level, width, height, done))
            refuse()
            return pixels
          },
          async readAssociated(name) {
            const size = sized((width, height) => void call.associatedSize(handle, name, width, height))
            const pixels = new Uint32Array(size.width * size.height)
            await later((done) => call.readAssociated.async(handle, name, pixels, done))
            refuse()
            return pixels
          },
          profile() {
            if (!call.profileSize || !call.readProfile) return null
            const bytes = Number(call.profileSize(handle))
            refuse()
            if (bytes <= 0) return null
            if (bytes > MOST_PROFILE_BYTES) throw new OpenSlideFault(`its colour profile claims to have ${bytes} bytes`)
            const profile = Buffer.alloc(bytes)
            call.readProfile(handle, profile)
            refuse()
            return profile
          },
          close: () => void call.close(handle),
        }
      } catch (error) {
        call.close(handle)
        throw error
      }
    },
  }
}
