/** Where Tessera keeps settings, recent projects and caches on this platform. */
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
