/** The system's menu, made of the window's own command table: the same actions as keys and palette. */
import { Menu, type MenuItemConstructorOptions } from 'electron'
import type { MenuItem } from '../../../src-shared/app.ts'

/** Electron's name for a key combination. */
const accelerator = (keys: string): string => keys.replace('Ctrl', 'CommandOrControl')

export function setMenu(items: readonly MenuItem[], choose: (id: string) => void): void {
  const groups = Map.groupBy(items, (item) => item.group)
  const template: MenuItemConstructorOptions[] = [...groups].map(([label, commands]) => ({
    label,
    submenu: commands.map((command) => ({
      id: command.id,
      label: command.title,
      enabled: command.enabled,
      // Shown, not caught: the window handles its keys itself, in one place for both shells.
      ...(command.keys === null ? {} : { accelerator: accelerator(command.keys), registerAccelerator: false }),
      click: () => choose(command.id),
    })),
  }))
  const application: MenuItemConstructorOptions[] = process.platform === 'darwin' ? [{ role: 'appMenu' }] : []
  Menu.setApplicationMenu(Menu.buildFromTemplate([...application, ...template, { role: 'windowMenu' }]))
}
