/** The window itself: which stage, tool and dialog are in front. Holds no data of any room. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { FileEntry } from '../../src-shared/app.ts'
import type { ModelId, SlideId } from '../../src-shared/ids.ts'
import type { ClassNumber } from '../../src-shared/labels.ts'

export const STAGES = ['label', 'train', 'features', 'review', 'inspect', 'results'] as const
export type Stage = (typeof STAGES)[number]

export type Tool = 'pan' | 'label' | 'erase' | 'rectangle' | 'pick' | 'add-tissue' | 'remove-tissue'

/** The one dialog that is open. The file browser is in stores/files.ts: it opens above another dialog. */
export type OpenDialog =
  | { kind: 'welcome' }
  | { kind: 'palette' }
  | { kind: 'keys' }
  | { kind: 'about' }
  | { kind: 'projects' }
  | { kind: 'export' }
  | { kind: 'device' }
  | { kind: 'encoder'; file?: FileEntry }
  | { kind: 'slide'; slide: SlideId }
  | { kind: 'mpp'; slide: SlideId }
  | { kind: 'cases' }
  | { kind: 'place' }
  | { kind: 'delete-class'; class: ClassNumber }
  | { kind: 'merge-class'; class: ClassNumber }
  | { kind: 'import-labels'; slide: SlideId }
  | { kind: 'card'; model: ModelId }
  /** The layers of a model, to be read; without one those of the next training, to be changed. */
  | { kind: 'layers'; model: ModelId | null }

export const useWindow = defineStore('window', () => {
  const stage = ref<Stage>('label')
  const tool = ref<Tool>('label')
  /** Space is held: whatever the tool, dragging pans. */
  const panHeld = ref(false)
  const dialog = shallowRef<OpenDialog | null>(null)
  const jobsOpen = ref(false)

  /** What a press on the slide does now. */
  const toolInHand = computed<Tool>(() => (panHeld.value ? 'pan' : tool.value))

  const show = (next: OpenDialog): void => {
    dialog.value = next
  }
  const close = (): void => {
    dialog.value = null
  }

  return { stage, tool, panHeld, dialog, jobsOpen, toolInHand, show, close }
})
