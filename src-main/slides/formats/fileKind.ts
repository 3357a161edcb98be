/** What a file is by its first bytes, so that one that can not be read is refused by its own name. */
import path from 'node:path'

/** How many bytes from the start of a file are looked at. */
export const KIND_BYTES = 4096

type FileKind =
  | { is: 'tiff' }
  /** read by libvips as a whole */
  | { is: 'picture'; format: string }
  | { is: 'deep zoom' }
  | { is: 'dicom' }
  /** a slide that OpenSlide reads, where it is installed: “a Hamamatsu NDPI file” */
  | { is: 'openslide'; name: string; isTiff: boolean }
  /** a picture or slide of a format that is not read, with its article: “a GIF picture” */
  | { is: 'other format'; name: string }
  /** not a picture at all, as the end of the sentence “it …” */
  | { is: 'no picture'; reason: string }

type Mark = { name: string; at: number; bytes: string }

/** Bytes as latin1 text. */
const pictures: readonly Mark[] = [
  { name: 'a JPEG 2000 picture', at: 0, bytes: '\0\0\0\x0cjP  ' },
  { name: 'a JPEG 2000 picture', at: 0, bytes: '\xff\x4f\xff\x51' },
  { name: 'a GIF picture', at: 0, bytes: 'GIF8' },
  { name: 'a BMP picture', at: 0, bytes: 'BM' },
  { name: 'a WebP picture', at: 8, bytes: 'WEBP' },
  { name: 'a HEIF or AVIF picture', at: 4, bytes: 'ftyp' },
  { name: 'an HDF5 file', at: 0, bytes: '\x89HDF' },
]

const readPictures: readonly Mark[] = [
  { name: 'PNG', at: 0, bytes: '\x89PNG\r\n\x1a\n' },
  { name: 'JPEG', at: 0, bytes: '\xff\xd8\xff' },
]

const openSlideMarks: readonly Mark[] = [
  { name: 'a Zeiss CZI file', at: 0, bytes: 'ZISRAWFILE' },
  { name: 'a Sakura file', at: 0, bytes: 'SQLite format 3\0' },
]

const others: readonly Mark[] = [
  { name: 'is a PDF document', at: 0, bytes: '%PDF' },
  { name: 'is a ZIP archive; unpack it first', at: 0, bytes: 'PK\x03\x04' },
  { name: 'is a gzip archive; unpack it first', at: 0, bytes: '\x1f\x8b' },
  { name: 'is an XML file', at: 0, bytes: '<?xml' },
]

/** Formats that OpenSlide reads, by the ending of their name: from the outside they look like other ones. */
const namesForOpenSlide: Readonly<Record<string, string>> = {
  '.ndpi': 'a Hamamatsu NDPI file',
  '.vms': 'a Hamamatsu VMS file',
  '.vmu': 'a Hamamatsu VMU file',
  '.mrxs': 'a MIRAX (MRXS) file',
  '.bif': 'a Ventana BIF file',
  '.scn': 'a Leica SCN file',
  '.czi': 'a Zeiss CZI file',
  '.svslide': 'a Sakura file',
}

/** Formats that nobody here reads, which look like another one from the outside, by the ending of their name. */
const namesOfEndings: Readonly<Record<string, string>> = {
  '.ndpis': 'a Hamamatsu NDPIS file',
  '.vsi': 'an Olympus VSI file',
  '.isyntax': 'a Philips iSyntax file',
  '.qptiff': 'a PerkinElmer QPTIFF file',
}

/** @param head the first KIND_BYTES of the file, or all of it when it is shorter */
export function fileKind(file: string, head: Buffer): FileKind {
  if (head.length === 0) return { is: 'no picture', reason: 'it is empty' }
  const start = head.toString('latin1')
  const isTiff = /^(II[*+]\0|MM\0[*+])/.test(start)
  const ending = path.extname(file).toLowerCase()
  const byEnding = namesOfEndings[ending]
  const isText = looksLikeText(head)
  const forOpenSlide = namesForOpenSlide[ending]
  // a TIFF of Leica's is looked into: those with one region are read by ourselves
  if (forOpenSlide && !(ending === '.scn' && isTiff) && (!isText || /^\.(vms|vmu)$/.test(ending)))
    return { is: 'openslide', name: forOpenSlide, isTiff }
  if (byEnding && (!isText || ending === '.ndpis')) return { is: 'other format', name: byEnding }
  if (isTiff) return { is: 'tiff' }
  if (isText && /<Image[^>]*schemas\.microsoft\.com\/deepzoom\//.test(start)) return { is: 'deep zoom' }
  const marked = (marks: readonly Mark[]) => marks.find(({ at, bytes }) => start.startsWith(bytes, at))?.name
  if (start.startsWith('DICM', 128)) return { is: 'dicom' }
  const read = marked(readPictures)
  if (read) return { is: 'picture', format: read }
  const known = marked(openSlideMarks)
  if (known) return { is: 'openslide', name: known, isTiff }
  const picture = marked(pictures)
  if (picture) return { is: 'other format', name: picture }
  const other = marked(others)
  if (other) return { is: 'no picture', reason: `it ${other}` }
  return { is: 'no picture', reason: isText ? 'it is a text file' : 'its content is of no format that is known here' }
}

function looksLikeText(head: Buffer): boolean {
  // a character may be cut in two at the end of what was read
  const text = new TextDecoder('utf-8').decode(head, { stream: true })
  // eslint-disable-next-line no-control-regex
  return !/[\0-\x08\x0e-\x1a\x1c-\x1f\ufffd]/.test(text)
}
