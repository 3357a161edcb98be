/** A program's wire to a web host that runs, as the window of a browser has it. */
import { WebSocket } from 'ws'
import type { Api } from '../../src-shared/api.ts'
import { type Client, connect } from '../../src-shared/wire/connect.ts'
import { socketWire } from '../../src-main/host/web/socketWire.ts'

/** @param entrance as the web host says it, with its token */
export async function hostWire(entrance: string): Promise<{ call: Client<Api>['call']; close: () => void }> {
  const { host, origin, port, search, searchParams } = new URL(entrance)
  const entered = await fetch(`http://127.0.0.1:${port}/${search}`, { redirect: 'manual', headers: { host } }).catch(
    () => null,
  )
  const cookie = entered?.headers.get('set-cookie')?.split(';')[0] ?? `tessera=${searchParams.get('token')}`
  const socket = new WebSocket(`ws://127.0.0.1:${port}/wire`, { headers: { host, origin, cookie } })
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  return { call: connect<Api>(socketWire(socket)).call, close: () => socket.terminate() }
}
