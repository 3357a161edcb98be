/** Commands on the second view, beside the main one. */
import { useBeside } from '../stores/beside.ts'
import { useViewport } from '../stores/viewport.ts'
import { command } from './command.ts'

export const besideCommands = () => [
  command({
    id: 'beside.toggle',
    title: 'Open or close a second view beside this one',
    group: 'View',
    keys: ['Shift+V'],
    when: () => useViewport().slide !== null,
    run() {
      const beside = useBeside()
      if (beside.open) beside.close()
      else beside.show(null)
    },
  }),
  command({
    id: 'beside.link',
    title: 'Link or unlink the two views',
    group: 'View',
    keys: ['Shift+K'],
    when: () => useBeside().open,
    run() {
      const beside = useBeside()
      beside.linked = !beside.linked
    },
  }),
  command({
    id: 'beside.swap',
    title: 'Change the sides of the two views',
    group: 'View',
    keys: ['Shift+X'],
    when: () => useBeside().open && !useBeside().isSame,
    run: () => useBeside().swap(),
  }),
]
