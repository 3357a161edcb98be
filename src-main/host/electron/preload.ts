/**
 * The only code between the window and Electron. It exposes the wire and nothing else: two functions that move messages
 * of the contract. Two things only the preload can do are done here without exposing them: handing the port for tiles to
 * the page, and learning the paths of dropped files, which go to the main process and never to the page.
 */
import { contextBridge, ipcRenderer, webUtils } from 'electron'

contextBridge.exposeInMainWorld('tesseraWire', {
  post: (message: unknown) => ipcRenderer.send('wire', message),
  listen: (listener: (message: unknown) => void) =>
    ipcRenderer.on('wire', (_event, message: unknown) => listener(message)),
})

ipcRenderer.on('tiles', (event) => {
  window.postMessage('tessera-tiles', location.origin, [...event.ports])
})

addEventListener('dragover', (event) => event.preventDefault())
addEventListener('drop', (event) => {
  event.preventDefault() // or the window would navigate to the file
  const files = [...(event.dataTransfer?.files ?? [])].map((file) => webUtils.getPathForFile(file))
  if (files.length > 0)
    ipcRenderer.send(
      'dropped',
      files.filter((file) => file !== ''),
    )
})
