/**
 * Every way Tessera can refuse, as data: a code that programs compare, a message for a person, and the facts behind it.
 *
 * The message says what happened, to which thing, what was expected and what came, and what to do. It is written where
 * the error is made, because only there are the facts known; the code decides what data must come along.
 */
import * as z from 'zod'
import type { Fault } from './wire/message.ts'

const text = z.string()
const number = z.number()
const nothing = z.object({})
const file = z.object({ file: text })

/** Code → data. Codes are part of the command line's contract: append, never rename. */
export const errorData = {
  // the program and its wires
  UNEXPECTED: nothing,
  INPUT_INVALID: z.object({ call: text, issues: z.array(text) }),
  CALL_UNKNOWN: z.object({ call: text }),
  CONNECTION_LOST: nothing,
  CANCELLED: nothing,
  USAGE: nothing,

  // files and disk
  FILE_NOT_FOUND: file,
  FILE_NO_PERMISSION: file,
  FILE_IS_DIRECTORY: file,
  FILE_NOT_DIRECTORY: file,
  FILE_EXISTS: file,
  FILE_BROKEN: z.object({ file: text, reason: text }),
  FILE_HANDLE_UNKNOWN: z.object({ handle: text }),
  DISK_FULL: z.object({ file: text, needed: number.nullable() }),

  // project and store
  PROJECT_NOT_FOUND: z.object({ folder: text }),
  PROJECT_NOT_OPEN: nothing,
  PROJECT_LOCKED: z.object({ folder: text, holder: text }),
  PROJECT_NEWER: z.object({ file: text, found: number, supported: number }),
  PROJECT_BROKEN: z.object({ file: text, setAside: text.nullable(), reason: text }),
  PROJECT_READ_ONLY: z.object({ folder: text }),

  // slides
  SLIDE_UNKNOWN: z.object({ slide: text }),
  SLIDE_NOT_PREPARED: z.object({ file: text, bytes: number }),
  SLIDE_NOT_A_SLIDE: z.object({ file: text, reason: text }),
  SLIDE_FORMAT_NOT_READ: z.object({ file: text, format: text }),
  /** found: the version that is installed; null = none */
  SLIDE_NEEDS_OPENSLIDE: z.object({ file: text, format: text, found: text.nullable(), needed: text }),
  SLIDE_BROKEN: z.object({ file: text, reason: text }),
  SLIDE_TILE_BROKEN: z.object({ file: text, level: number, column: number, row: number, reason: text }),
  SLIDE_FILE_MISSING: z.object({ slide: text, file: text }),
  SLIDE_FILE_DIFFERS: z.object({ slide: text, file: text }),
  SLIDE_ALREADY_ADDED: z.object({ file: text, slide: text }),
  SLIDE_SET_ASIDE: z.object({ slide: text, crashes: number }),
  SLIDE_MPP_NEEDED: z.object({ slide: text, found: number.nullable() }),
  SLIDE_MPP_IMPLAUSIBLE: z.object({ found: number, min: number, max: number }),
  SLIDE_REGION_OUTSIDE: z.object({ slide: text, width: number, height: number }),
  SLIDE_READER_DIED: z.object({ slide: text, exit: text }),
  SLIDE_IN_USE: z.object({ slide: text, labels: number }),
  /** the drive did not give the bytes; `reason` is the system's own word: “EIO: i/o error, read” */
  SLIDE_READ_FAILED: z.object({ file: text, reason: text }),
  /** a picture of the view was wanted while tiles of it were missing */
  VIEW_INCOMPLETE: z.object({ slide: text }),
  BOOKMARK_UNKNOWN: z.object({ bookmark: text }),

  // patches
  SOURCE_UNKNOWN: z.object({ source: text }),
  /** every patch that was wanted lies where its slide is damaged */
  PATCHES_UNREADABLE: z.object({ source: text, patches: number }),
  GRID_EMPTY: z.object({ slide: text, edgeX: number, edgeY: number, width: number, height: number }),
  GRID_TOO_LARGE: z.object({ patches: number, most: number }),
  PATCH_UNKNOWN: z.object({ source: text, patch: number, patches: number }),
  PATCH_SET_EMPTY: file,
  PATCH_SET_BROKEN: z.object({ file: text, line: number.nullable(), reason: text }),
  MASK_EMPTY: z.object({ slide: text }),
  MASK_NEEDED: z.object({ slide: text }),
  MASK_PRESET_UNKNOWN: z.object({ name: text }),
  FOCUS_NOT_MEASURED: z.object({ slide: text }),

  // labels and classes
  CLASS_UNKNOWN: z.object({ class: text }),
  CLASS_NAME_TAKEN: z.object({ name: text }),
  CLASS_KEY_TAKEN: z.object({ key: text, name: text }),
  NOTHING_TO_UNDO: nothing,
  NOTHING_TO_REDO: nothing,
  LABELS_FILE_INVALID: z.object({ file: text, line: number.nullable(), reason: text }),
  LABELS_CLASS_UNKNOWN: z.object({ file: text, names: z.array(text) }),
  PERSON_NEEDED: nothing,

  // networks, training, models
  NETWORK_INVALID: z.object({ layer: text.nullable(), expected: text, found: text }),
  TRAINING_NOT_READY: z.object({ reasons: z.array(text) }),
  /** training presets: what there is for such data */
  PRESET_UNAVAILABLE: z.object({ preset: text, data: text, available: z.array(text) }),
  TRAINING_DIVERGED: z.object({ step: number, loss: text }),
  TRAINING_BATCH_TOO_LARGE: z.object({ batch: number, patches: number }),
  ENGINE_DIED: z.object({ exit: text }),
  ENGINE_FAILED: z.object({ reason: text }),
  /** no such device in this build, or it can not be opened */
  DEVICE_UNAVAILABLE: z.object({ device: text, reason: text }),
  /** the self-test found other numbers than the processor's */
  DEVICE_WRONG: z.object({ device: text, layer: text.nullable(), what: text, difference: number, tolerance: number }),
  /** the self-test ended its process, or did not end */
  DEVICE_CRASHED: z.object({ device: text, exit: text }),
  /** it worked, and then failed in mid-run */
  DEVICE_LOST: z.object({ device: text, reason: text }),
  CHECKPOINT_BROKEN: z.object({ file: text, reason: text }),
  RUN_UNKNOWN: z.object({ run: text }),
  MODEL_UNKNOWN: z.object({ model: text }),
  MODEL_FILE_BROKEN: z.object({ file: text, reason: text }),
  MODEL_CARD_INVALID: z.object({ file: text, reason: text }),
  MODEL_SPACING_MISMATCH: z.object({ model: text, expected: number, actual: number, unit: z.literal('µm/px') }),
  MODEL_CLASSES_MISMATCH: z.object({ model: text, expected: z.array(text), actual: z.array(text) }),
  MODEL_WEIGHTS_MISMATCH: z.object({ model: text, layer: text.nullable(), expected: text, actual: text }),
  MODEL_OUTPUT_INVALID: z.object({ model: text, patch: number }),
  MODEL_INPUT_MISMATCH: z.object({ model: text, expected: text, actual: text }),

  // encoders and classifiers on features
  ENCODER_LAYER_UNKNOWN: z.object({ file: text, layer: text, known: z.array(text) }),
  ENCODER_INCOMPLETE: z.object({ file: text, missing: z.array(text) }),
  PROBE_NOT_POSSIBLE: z.object({ reason: text }),
  ENCODER_UNKNOWN: z.object({ encoder: text }),
  ENCODER_CHANGED: z.object({ file: text, expected: text, actual: text }),
  FEATURE_SET_UNKNOWN: z.object({ set: text }),
  FEATURES_FILE_BROKEN: z.object({ file: text, reason: text }),
  FEATURES_NOT_PLACED: z.object({ file: text, reason: text }),
  FEATURES_STALE: z.object({ set: text, reason: text }),
  LIVE_TOO_LARGE: z.object({ labels: number, patches: number, bytes: number, most: number }),
  MAP_UNKNOWN: z.object({ map: text }),
  MAP_TOO_FEW: z.object({ patches: number, least: number }),
  MAP_ENCODERS_MIXED: z.object({ encoders: number }),
  MAP_FILE_BROKEN: z.object({ file: text, reason: text }),

  // looking inside a network
  LAYER_UNKNOWN: z.object({ model: text, layer: text, known: z.array(text) }),
  LAYER_PLACE_UNKNOWN: z.object({ layer: text, channel: number, row: number, column: number, shape: z.array(number) }),
  GRADIENTS_NOT_POSSIBLE: z.object({ model: text, reason: text }),

  // predictions and exports
  PREDICTION_RUN_UNKNOWN: z.object({ run: text }),
  PREDICTION_FILE_BROKEN: z.object({ file: text, reason: text }),
  NOTHING_TO_EXPORT: z.object({ what: text }),
  EVALUATION_NOT_POSSIBLE: z.object({ reason: text }),

  // jobs
  JOB_UNKNOWN: z.object({ job: text }),
  JOB_STATE: z.object({ job: text, state: text, wanted: text }),
} as const satisfies Record<string, z.ZodType>

export type ErrorCode = keyof typeof errorData
export type ErrorData<C extends ErrorCode> = z.infer<(typeof errorData)[C]>

export class TesseraError<C extends ErrorCode = ErrorCode> extends Error {
  readonly code: C
  readonly data: ErrorData<C>

  constructor(code: C, message: string, data: ErrorData<C>, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TesseraError'
    this.code = code
    this.data = data
  }
}

export const tesseraError = <C extends ErrorCode>(
  code: C,
  message: string,
  data: ErrorData<C>,
  options?: ErrorOptions,
): TesseraError<C> => new TesseraError(code, message, data, options)

export const isTesseraError = <C extends ErrorCode>(error: unknown, code?: C): error is TesseraError<C> =>
  error instanceof TesseraError && (code === undefined || error.code === code)

/** What a thrown value says to a person. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const UNEXPECTED_LENGTH = 2000

/** An error, ready to cross a process boundary. Anything that is not a TesseraError is a bug: code UNEXPECTED. */
export function toFault(error: unknown): Fault {
  if (error instanceof TesseraError) return { code: error.code, message: error.message, data: error.data }
  return { code: 'UNEXPECTED', message: messageOf(error).slice(0, UNEXPECTED_LENGTH), data: {} }
}

/** The error a fault describes. A code this side does not know (an older window) stays readable as UNEXPECTED. */
export function toError(fault: Fault): TesseraError {
  const code = Object.hasOwn(errorData, fault.code) ? (fault.code as ErrorCode) : 'UNEXPECTED'
  return new TesseraError(code, fault.message, fault.data as ErrorData<typeof code>)
}

/** A fault as stored or sent in a record. */
export const FaultRecord = z.object({ code: z.string(), message: z.string(), data: z.unknown() })
export type FaultRecord = z.infer<typeof FaultRecord>
