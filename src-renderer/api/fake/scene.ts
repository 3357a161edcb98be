/** The made-up worlds the window can be looked at in, chosen by `?scene=`. */
export interface Scene {
  /** null = no project is open */
  project: 'sample' | 'own' | null
  slides: number
  /** Edge of the large first slide, level-0 px; null = slides of a usual size. */
  largeSlide: number | null
  classes: number
  longNames: boolean
  /** Labels, a trained model and predictions are there from the start. */
  trained: boolean
  labelled: boolean
  /** Nobody has used the program yet. */
  firstStart: boolean
  readOnly: boolean
  /** Writing fails: the disk is full. Some tiles and slides can not be read. */
  failing: boolean
  /** A patch set of 70,000 digits, and one whose pictures do not all fit. */
  sets: boolean
  /** Slides whose file is gone, is broken or says no µm/px are among them. */
  troubled: boolean
}

const sample: Scene = {
  project: 'sample',
  slides: 2,
  largeSlide: null,
  classes: 2,
  longNames: false,
  trained: false,
  labelled: false,
  firstStart: false,
  readOnly: false,
  failing: false,
  sets: false,
  troubled: false,
}

export const scenes = {
  sample,
  first: { ...sample, firstStart: true },
  labelled: { ...sample, labelled: true },
  trained: { ...sample, labelled: true, trained: true },
  none: { ...sample, project: null, slides: 0 },
  empty: { ...sample, project: 'own', slides: 0 },
  full: {
    ...sample,
    project: 'own',
    slides: 2000,
    largeSlide: 96_000,
    classes: 40,
    longNames: true,
    labelled: true,
    trained: true,
    troubled: true,
  },
  /** One slide of 317 × 317 patches. */
  wide: { ...sample, project: 'own', slides: 1, largeSlide: 30_432, classes: 5, labelled: true, trained: true },
  failing: { ...sample, labelled: true, failing: true, troubled: true, slides: 6, project: 'own' },
  troubled: { ...sample, labelled: true, troubled: true, slides: 8, project: 'own' },
  sets: { ...sample, project: 'own', slides: 3, classes: 3, labelled: true, trained: true, sets: true },
  setsLost: { ...sample, project: 'own', slides: 3, labelled: true, sets: true, failing: true },
  readonly: { ...sample, labelled: true, trained: true, readOnly: true },
} as const satisfies Record<string, Scene>

export const sceneNamed = (name: string | null): Scene =>
  name !== null && Object.hasOwn(scenes, name) ? scenes[name as keyof typeof scenes] : scenes.sample
