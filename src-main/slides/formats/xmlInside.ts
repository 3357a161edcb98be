/** XML inside a slide's file, and what can be asked of it. Entities of other files are never fetched. */
import { DOMParser, type Element } from '@xmldom/xmldom'
import { brokenSlide } from './slideErrors.ts'

/**
 * The outermost element.
 * @param what for the message: “OME-XML”
 * @throws {TesseraError} SLIDE_BROKEN when it is not well-formed
 */
export function xmlRoot(file: string, what: string, xml: string): Element {
  const faults: string[] = []
  let root: Element | null = null
  try {
    root = new DOMParser({
      onError: (level, fault) => void (level === 'warning' || faults.push(fault)),
    }).parseFromString(xml, 'text/xml').documentElement
  } catch {
    // not well-formed, which the listener was told
  }
  if (!root || faults.length > 0) throw brokenSlide(file, `its ${what} can not be read (${faults[0] ?? 'it is empty'})`)
  return root
}

/** Elements of a name at any depth, whatever their namespace. */
export const elements = (inside: Element, name: string): Element[] => [...inside.getElementsByTagNameNS('*', name)]

/** Elements of a name directly inside another. */
export const children = (inside: Element, name: string): Element[] =>
  elements(inside, name).filter((each) => each.parentNode === inside)

/** A number an element says, by an attribute; NaN when it does not. */
export const numberOf = (element: Element | undefined, attribute: string): number =>
  Number(element?.getAttribute(attribute) || NaN)
