/** What is to be said of a patch set and its pictures, in words. */
import { type Grid, type PatchSet, type PictureFacts, type SetContents } from '../../src-shared/patches.ts'
import { count, counted, mpp } from './numbers.ts'

const ORIGINS = { folder: 'folder', csv: 'list', idx: 'IDX pair' } as const

/** “96 × 96 px, colour, folder” */
export const setInWords = ({ width, height, channels, origin, mpp: scale }: PatchSet): string =>
  [
    `${width} × ${height} px`,
    channels === 1 ? 'grey' : 'colour',
    ...(scale === null ? [] : [mpp(scale)]),
    ORIGINS[origin],
  ].join(', ')

/** “224 px at 0.50 µm/px” */
export const gridInWords = ({ params }: Grid): string => `${count(params.edgePx)} px at ${mpp(params.mpp)}`

const UNREAD = 'it can not be read'

export interface SetRemark {
  kind: 'info' | 'warning'
  text: string
}

/** What a person should know of the pictures; a warning where networks do without some. */
export function setRemarks({ width, height, notes }: PatchSet, contents: SetContents): SetRemark[] {
  const unread = contents.unfitReason.reduce((sum, i) => sum + (contents.reasons[i] === UNREAD ? 1 : 0), 0)
  const deepValues = contents.unfitReason.reduce((sum, i) => sum + (/bits/.test(contents.reasons[i]!) ? 1 : 0), 0)
  const otherSize = contents.unfit.length - unread - deepValues
  const parts = [
    otherSize > 0 && `${counted(otherSize, 'picture is', 'pictures are')} not ${width} × ${height} px`,
    unread > 0 && `${counted(unread, 'picture', 'pictures')} can not be read`,
    deepValues > 0 && `${counted(deepValues, 'picture has', 'pictures have')} values of more than 16 bits`,
  ].filter((part) => part !== false)
  const remarks: SetRemark[] = []
  if (parts.length > 0)
    remarks.push({
      kind: 'warning',
      text: `${parts.join(', ')}. They can be looked at and labelled; training and prediction leave them out, because stretching would show tissue at a scale it does not have.`,
    })
  if (width !== height)
    remarks.push({
      kind: 'info',
      text: 'Its pictures are no squares, which is what networks take. Crop them to train.',
    })
  if (notes.deep > 0)
    remarks.push({
      kind: 'info',
      text: `${counted(notes.deep, 'picture has', 'pictures have')} 16 bits: 0 to 65,535 become 0 to 255, on the screen and for networks.`,
    })
  if (notes.alpha > 0)
    remarks.push({
      kind: 'info',
      text: `${counted(notes.alpha, 'picture has', 'pictures have')} transparency, which becomes white.`,
    })
  if (notes.grey > 0)
    remarks.push({
      kind: 'info',
      text: `${counted(notes.grey, 'picture is', 'pictures are')} grey in a set of colour: networks get three equal channels.`,
    })
  return remarks
}

/** The facts of a picture, each with its name. */
export const pictureInWords = ({ width, height, channels, alpha, bits, format }: PictureFacts): [string, string][] => [
  ['Size', `${count(width)} × ${count(height)} px`],
  ['Channels', `${channels === 1 ? '1, grey' : '3, colour'}${alpha ? ', and transparency' : ''}`],
  ['Bit depth', `${bits} bits a value${bits === 16 ? '; the upper 8 are used' : ''}`],
  ['Format', format.toUpperCase()],
]
