/**
 * Golden numbers of the graph that UMAP lays out, by umap-js 1.4.0: its exact neighbours by Euclidean distance and the
 * weights of its fuzzy simplicial set, of points whose distances are all different.
 *
 * Not part of the program: `npm install umap-js@1.4.0` in a folder of its own, then  node makeUmap.mjs FOLDER
 * Writes umap.json beside this file. The seed is in the file.
 */
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const { UMAP } = createRequire(path.join(path.resolve(process.argv[2]), 'x.js'))('umap-js')

const seed = 5
let state = seed
const next = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 32
}
const [rows, columns, neighbours] = [40, 3, 8]
const points = Array.from({ length: rows }, (_, i) =>
  Array.from({ length: columns }, () => Number((next() + (i % 2)).toFixed(4))),
)
const apart = (a, b) => Math.sqrt(a.reduce((sum, each, j) => sum + (each - b[j]) ** 2, 0))
const nearest = points.map((point) =>
  points
    .map((other, i) => [i, apart(point, other)])
    .toSorted((a, b) => a[1] - b[1])
    .slice(0, neighbours),
)
const umap = new UMAP({ nNeighbors: neighbours, nEpochs: 1, random: next })
umap.setPrecomputedKNN(
  nearest.map((each) => each.map(([i]) => i)),
  nearest.map((each) => each.map(([, distance]) => distance)),
)
umap.initializeFit(points)
const edges = umap.graph
  .getAll()
  .filter(({ row, col, value }) => row < col && value > 0)
  .map(({ row, col, value }) => [row, col, Number(value.toFixed(7))])
writeFileSync(
  path.join(import.meta.dirname, 'umap.json'),
  `${JSON.stringify({ seed, neighbours, columns, points: points.flat(), edges })}\n`,
)
