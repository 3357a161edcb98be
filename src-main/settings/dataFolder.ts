/** Where Tessera keeps settings and recent projects on this platform, and what it can always make again. */
import { homedir } from 'node:os'
import path from 'node:path'

/**
 * Linux: $XDG_DATA_HOME or ~/.local/share (XDG Base Directory Specification 0.8); macOS: ~/Library/Application Support;
 * Windows: %APPDATA%. The same in Electron and in the web host, so that both open the same projects.
 */
export function dataFolder(
  platform: NodeJS.Platform,
  environment: NodeJS.ProcessEnv,
  home: string = homedir(),
): string {
  if (platform === 'win32')
    return path.win32.join(environment['APPDATA'] ?? path.win32.join(home, 'AppData', 'Roaming'), 'Tessera')
  if (platform === 'darwin') return path.posix.join(home, 'Library', 'Application Support', 'Tessera')
  const base = environment['XDG_DATA_HOME']
  // a relative $XDG_DATA_HOME is invalid by the specification and must be ignored
  return path.posix.join(
    base && path.posix.isAbsolute(base) ? base : path.posix.join(home, '.local', 'share'),
    'tessera',
  )
}

/**
 * What can be made again and may be deleted at any time. $TESSERA_CACHE decides where it is set; else Linux:
 * $XDG_CACHE_HOME or ~/.cache; macOS: ~/Library/Caches; Windows: %LOCALAPPDATA%.
 */
export function cacheFolder(
  platform: NodeJS.Platform,
  environment: NodeJS.ProcessEnv,
  home: string = homedir(),
): string {
  const chosen = environment['TESSERA_CACHE']
  if (chosen) return path.resolve(chosen)
  if (platform === 'win32')
    return path.win32.join(environment['LOCALAPPDATA'] ?? path.win32.join(home, 'AppData', 'Local'), 'Tessera', 'Cache')
  if (platform === 'darwin') return path.posix.join(home, 'Library', 'Caches', 'Tessera')
  const base = environment['XDG_CACHE_HOME']
  return path.posix.join(base && path.posix.isAbsolute(base) ? base : path.posix.join(home, '.cache'), 'tessera')
}
