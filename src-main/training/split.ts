/**
 * Which labelled patches are held out. Never random neighbours: patches of one patient look alike, and patches beside
 * each other are nearly the same picture, so a figure measured on them says nothing about the next patient.
 *
 * By case (patient) if that leaves every class on both sides; else by slide; else by blocks of the slide, with a gap of
 * one patch between what is trained on and what is measured on. Pure and seeded.
 */
import type { SplitRule } from '../../src-shared/models.ts'
import type { Rect } from '../../src-shared/patches.ts'

/** A labelled patch, as far as the split needs to know it. */
export type SplitItem = {
  /** class, as an index into the classes of the run */
  target: number
  /** same text = same patient */
  case: string
  /** same text = same slide; a patch of a set that names no slide is a slide of its own */
  slide: string
  /** where on its slide, level-0 px; null for patches of a set */
  rect: Rect | null
}

export type Side = 'training' | 'validation' | 'left-out'

export type Split = { rule: Exclude<SplitRule, 'given' | 'none'>; sides: Side[] }

/** Draws of groups that are tried; the one nearest to the wanted share of each class is taken. */
const TRIES = 64
/** Among very many patches fewer draws are near enough, and 64 of them would take seconds. */
const MOST_WORK = 200_000

/**
 * @param fraction share of each class to hold out, 0 … 1
 * @param random uniform in [0, 1), seeded
 * @returns null when the rule can not leave every class on both sides
 */
export function splitBy(
  rule: Split['rule'],
  items: readonly SplitItem[],
  classes: number,
  fraction: number,
  random: () => number,
): Split | null {
  const groups = groupsBy(rule, items)
  if (groups.length < 2) return null
  const tries = Math.max(2, Math.min(TRIES, Math.floor(MOST_WORK / items.length)))
  let best: { sides: Side[]; distance: number } | null = null
  for (let draw = 0; draw < tries; draw++) {
    const sides = drawSides(groups, items, classes, fraction, random)
    if (rule === 'blocks') leaveGap(items, sides)
    const distance = distanceOf(items, sides, classes, fraction)
    if (distance !== null && (best === null || distance < best.distance)) best = { sides, distance }
  }
  return best && { rule, sides: best.sides }
}

/** The first rule of case, slide, blocks that works; null when none does. */
export function splitAuto(
  items: readonly SplitItem[],
  classes: number,
  fraction: number,
  random: () => number,
): Split | null {
  for (const rule of ['case', 'slide', 'blocks'] as const) {
    const split = splitBy(rule, items, classes, fraction, random)
    if (split) return split
  }
  return null
}

/** Items that must stay together, as lists of indices. */
export function groupsBy(rule: Split['rule'], items: readonly SplitItem[]): number[][] {
  const keys = rule === 'blocks' ? blockKeys(items) : items.map((item) => (rule === 'case' ? item.case : item.slide))
  const groups = new Map<string, number[]>()
  for (const [i, key] of keys.entries()) {
    const group = groups.get(key)
    if (group) group.push(i)
    else groups.set(key, [i])
  }
  return [...groups.values()]
}

/**
 * Blocks: the labelled part of each slide cut into n × n, n between 3 and 8 by the number of labels, so that a block
 * holds a handful of them.
 */
function blockKeys(items: readonly SplitItem[]): string[] {
  const slides = Map.groupBy(items.keys(), (i) => items[i]!.slide)
  const keys = new Array<string>(items.length)
  for (const [slide, members] of slides) {
    const rects = members.map((i) => items[i]!.rect)
    const placed = rects.filter((rect) => rect !== null)
    const left = Math.min(...placed.map((rect) => rect.x))
    const top = Math.min(...placed.map((rect) => rect.y))
    const width = Math.max(...placed.map((rect) => rect.x)) - left + 1
    const height = Math.max(...placed.map((rect) => rect.y)) - top + 1
    const n = Math.min(8, Math.max(3, Math.round(Math.sqrt(placed.length / 4))))
    for (const [place, i] of members.entries()) {
      const rect = rects[place]
      keys[i] = rect
        ? `${slide}/${Math.floor(((rect.x - left) * n) / width)},${Math.floor(((rect.y - top) * n) / height)}`
        : `${slide}/${i}`
    }
  }
  return keys
}

/** Takes groups in random order into validation as long as that brings it nearer to the wanted share of each class. */
function drawSides(
  groups: readonly number[][],
  items: readonly SplitItem[],
  classes: number,
  fraction: number,
  random: () => number,
): Side[] {
  const wanted = countClasses(items, classes).map((count) => Math.max(1, count * fraction))
  const held = new Array<number>(classes).fill(0)
  const sides = new Array<Side>(items.length).fill('training')
  for (const group of shuffled(groups, random)) {
    const more = new Array<number>(classes).fill(0)
    for (const i of group) more[items[i]!.target]!++
    const before = wanted.reduce((sum, want, k) => sum + Math.abs(want - held[k]!) / want, 0)
    const after = wanted.reduce((sum, want, k) => sum + Math.abs(want - held[k]! - more[k]!) / want, 0)
    if (after >= before) continue
    for (const [k, count] of more.entries()) held[k]! += count
    for (const i of group) sides[i] = 'validation'
  }
  return sides
}

/**
 * Training patches nearer than one patch edge to a held-out patch of their slide are left out of both sides. Held-out
 * patches are looked up by the cell they lie in, two edges wide, so that a near one is in the same cell or next to it.
 */
export function leaveGap(items: readonly SplitItem[], sides: Side[]): void {
  const cellOf = (item: SplitItem, rect: Rect, right = 0, down = 0) =>
    `${item.slide}/${Math.floor(rect.x / (2 * rect.width)) + right},${Math.floor(rect.y / (2 * rect.height)) + down}`
  const heldOut = new Map<string, Rect[]>()
  for (const [i, item] of items.entries()) {
    if (sides[i] !== 'validation' || !item.rect) continue
    const cell = cellOf(item, item.rect)
    heldOut.set(cell, [...(heldOut.get(cell) ?? []), item.rect])
  }
  for (const [i, item] of items.entries()) {
    const { rect } = item
    if (sides[i] !== 'training' || !rect) continue
    const near = [-1, 0, 1].some((right) =>
      [-1, 0, 1].some((down) => heldOut.get(cellOf(item, rect, right, down))?.some((other) => isNear(rect, other))),
    )
    if (near) sides[i] = 'left-out'
  }
}

const isNear = (a: Rect, b: Rect): boolean => Math.abs(a.x - b.x) < 2 * a.width && Math.abs(a.y - b.y) < 2 * a.height

/**
 * How far the held-out share of each class is from the wanted one, plus what the gap costs; null when a class is missing
 * on a side.
 */
function distanceOf(
  items: readonly SplitItem[],
  sides: readonly Side[],
  classes: number,
  fraction: number,
): number | null {
  const on = (side: Side) =>
    countClasses(
      items.filter((_, i) => sides[i] === side),
      classes,
    )
  const all = countClasses(items, classes)
  const [training, validation] = [on('training'), on('validation')]
  let distance = 0
  for (let k = 0; k < classes; k++) {
    if (training[k] === 0 || validation[k] === 0) return null
    distance += Math.abs(validation[k]! / all[k]! - fraction)
  }
  return distance + sides.filter((side) => side === 'left-out').length / items.length
}

function countClasses(items: readonly SplitItem[], classes: number): number[] {
  const counts = new Array<number>(classes).fill(0)
  for (const item of items) counts[item.target]!++
  return counts
}

/** Fisher and Yates. */
export function shuffled<T>(values: readonly T[], random: () => number): T[] {
  const out = [...values]
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[out[i], out[j]] = [out[j]!, out[i]!]
  }
  return out
}
