/**
 * Files for the window: its own code, and exports by id. One web-standard handler, given to Electron's `protocol.handle`
 * and to the loopback server alike. Tiles and calls travel elsewhere; no path of this machine is ever in an address.
 */
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { securityHeaders } from './contentSecurity.ts'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
}

export type ExportLookup = (id: string) => { file: string; name: string } | null

export type AppFetch = (request: Request) => Promise<Response>

/**
 * @param root folder of the window's built files
 * @param connect further sources for the content security policy
 */
export function createAppFetch(root: string, exportById: ExportLookup, connect: readonly string[] = []): AppFetch {
  const common = securityHeaders(connect)
  const refuse = (status: number) => new Response(null, { status, headers: common })

  const send = async (file: string, headers: Record<string, string>): Promise<Response> => {
    const size = await sizeOf(file)
    if (size === null) return refuse(404)
    // Node has two names for its one type of web stream
    const body = Readable.toWeb(createReadStream(file)) as unknown as ReadableStream
    return new Response(body, { headers: { ...common, 'content-length': String(size), ...headers } })
  }

  return async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405)
    const { pathname } = new URL(request.url)
    const exported = /^\/exports\/([0-9a-f-]{36})$/.exec(pathname)
    if (exported) {
      const found = exportById(exported[1]!)
      if (!found) return refuse(404)
      return send(found.file, {
        'content-type': 'application/octet-stream',
        'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(found.name)}`,
        'cache-control': 'no-store',
      })
    }
    const file = fileUnder(root, pathname === '/' ? '/index.html' : pathname)
    if (file === null) return refuse(403)
    // Built files carry a hash in their name and may be kept for ever; the page that names them may not.
    const immutable = pathname.startsWith('/assets/')
    return send(file, {
      'content-type': types[path.extname(file)] ?? 'application/octet-stream',
      'cache-control': immutable ? 'private, max-age=31536000, immutable' : 'no-cache',
    })
  }
}

/** The file an address means, or null when it would lie outside `root`. */
function fileUnder(root: string, pathname: string): string | null {
  let decoded: string
  try {
    decoded = decodeURIComponent(pathname)
  } catch {
    return null // not a valid address
  }
  if (decoded.includes('\0')) return null
  const file = path.join(root, decoded)
  const inside = path.relative(root, file)
  return inside === '' || inside.startsWith('..') || path.isAbsolute(inside) ? null : file
}

async function sizeOf(file: string): Promise<number | null> {
  try {
    // Opened once before headers are sent, so that a file that can not be read is a 404 and not half an answer.
    const handle = await open(file)
    await handle.close()
    const facts = await stat(file)
    return facts.isFile() ? facts.size : null
  } catch {
    return null
  }
}
