/** Commands that pick up a tool. */
import { useOverlay } from '../stores/overlay.ts'
import { type Tool, useWindow } from '../stores/window.ts'
import { command } from './command.ts'

const tools: { tool: Tool; title: string; key: string }[] = [
  { tool: 'pan', title: 'Pan', key: 'V' },
  { tool: 'label', title: 'Label', key: 'B' },
  { tool: 'erase', title: 'Erase', key: 'E' },
  { tool: 'rectangle', title: 'Rectangle', key: 'R' },
  { tool: 'pick', title: 'Pick class', key: 'I' },
  { tool: 'add-tissue', title: 'Add tissue', key: 'T' },
  { tool: 'remove-tissue', title: 'Take tissue away', key: 'Shift+T' },
]

export const toolCommands = () => [
  ...tools.map(({ tool, title, key }) =>
    command({
      id: `tools.${tool}`,
      title,
      group: 'Tools',
      keys: [key],
      run() {
        useWindow().tool = tool
      },
    }),
  ),
  command({
    id: 'tools.panHeld',
    title: 'Pan while held',
    group: 'Tools',
    keys: ['Space'],
    run() {
      useWindow().panHeld = true
    },
    release() {
      useWindow().panHeld = false
    },
  }),
  command({
    id: 'tools.smallerBrush',
    title: 'Smaller brush',
    group: 'Tools',
    keys: ['['],
    run: () => useOverlay().step(-1),
  }),
  command({
    id: 'tools.largerBrush',
    title: 'Larger brush',
    group: 'Tools',
    keys: [']'],
    run: () => useOverlay().step(1),
  }),
]
