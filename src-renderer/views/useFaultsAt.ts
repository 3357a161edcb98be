/** The faults that stand at one place of the window. */
import { computed } from 'vue'
import { type Place, useFaults } from '../stores/faults.ts'

export function useFaultsAt(place: Place) {
  const faults = useFaults()
  return { here: computed(() => faults.shown.filter((fault) => fault.place === place)), dismiss: faults.dismiss }
}
