/** Maps against other programs: numpy for principal components, umap-js for the graph a UMAP lays out. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { fuzzyGraph, type NearestOthers } from '../../../src-main/similarity/map/fuzzyGraph.ts'
import { principalPositions } from '../../../src-main/similarity/map/pca.ts'

const read = (name: string): unknown => JSON.parse(readFileSync(path.join(import.meta.dirname, name), 'utf8'))

type Principal = {
  name: string
  seed: number
  columns: number
  features: number[]
  positions: number[]
  explained: [number, number]
}
const { cases } = read('principal.json') as { cases: Principal[] }

test.each(cases)('principal components are those of numpy: $name (seed $seed)', async (golden) => {
  const { columns, features } = golden
  const matrix = { values: Float32Array.from(features), rows: features.length / columns, columns }
  const { positions, explained } = await principalPositions(matrix, 1)
  const reach = Math.max(...golden.positions.map(Math.abs))
  expect(positions).toHaveLength(golden.positions.length)
  for (const [i, each] of golden.positions.entries()) expect(Math.abs(positions[i]! - each) / reach).toBeLessThan(2e-5)
  for (const i of [0, 1] as const) expect(explained[i]).toBeCloseTo(golden.explained[i], 6)
})

type Umap = {
  seed: number
  neighbours: number
  columns: number
  points: number[]
  edges: [number, number, number][]
}
const umap = read('umap.json') as Umap

/** By the definition. */
function nearestOthers({ points, columns, neighbours }: Umap): NearestOthers {
  const rows = points.length / columns
  const count = neighbours - 1
  const index = new Int32Array(rows * count)
  const distance = new Float32Array(rows * count)
  const apart = (a: number, b: number) =>
    Math.hypot(...Array.from({ length: columns }, (_, j) => points[a * columns + j]! - points[b * columns + j]!))
  for (let row = 0; row < rows; row++) {
    const others = Array.from({ length: rows }, (_, i) => i).filter((i) => i !== row)
    for (const [place, other] of others
      .toSorted((a, b) => apart(row, a) - apart(row, b))
      .slice(0, count)
      .entries()) {
      index[row * count + place] = other
      distance[row * count + place] = apart(row, other)
    }
  }
  return { rows, count, index, distance }
}

test(`the graph of a UMAP has the edges and weights of umap-js (seed ${umap.seed})`, () => {
  const graph = fuzzyGraph(nearestOthers(umap))
  const found = Array.from(graph.from, (from, i) => {
    const to = graph.to[i]!
    return [Math.min(from, to), Math.max(from, to), graph.weight[i]!] as const
  }).toSorted((a, b) => a[0] - b[0] || a[1] - b[1])
  const wanted = umap.edges.toSorted((a, b) => a[0] - b[0] || a[1] - b[1])
  expect(found.map(([from, to]) => [from, to])).toEqual(wanted.map(([from, to]) => [from, to]))
  for (const [i, [, , weight]] of wanted.entries()) expect(found[i]![2]).toBeCloseTo(weight, 4)
})
