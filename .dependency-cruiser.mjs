/**
 * Who may import whom. One table of rooms for each side, in the order of the data: a room imports the rooms before it,
 * never one after. Explained in docs/architecture.md#rooms.
 */

/** src-main, upstream first. `host` and the entries (index, web, cli) put everything together. */
const mainRooms = [
  'files',
  'store',
  'settings',
  'projects',
  'jobs',
  'slides',
  'patches',
  'people',
  'labels',
  'nn',
  'models',
  'evaluation',
  'features',
  'encoders',
  'probes',
  'similarity',
  'training',
  'live',
  'predictions',
  'inspection',
  'exports',
  'host',
  'cli',
]

/** src-renderer, upstream first. */
const rendererRooms = ['api', 'stores', 'commands', 'viewer', 'tools', 'components', 'views']

/** Rooms beside each other in the order that may not know each other. */
const strangers = [
  {
    from: 'components',
    to: ['api', 'stores', 'commands', 'viewer', 'tools'],
    why: 'components get props and emit events',
  },
  { from: 'stores', to: ['viewer', 'tools', 'components'], why: 'stores hold state and calls, no drawing' },
]

/** Pure mathematics of frames: numbers in, numbers out. Commands ask it as the viewer does. */
const askedByAll = '^src-renderer/viewer/coordinates\\.ts$'

const downstreamRules = (folder, rooms) =>
  rooms.slice(0, -1).map((room, place) => ({
    name: `${folder}/${room} imports downstream`,
    comment: `Data flows one way: ${rooms.join(' → ')}. See docs/architecture.md#rooms.`,
    severity: 'error',
    from: { path: `^${folder}/${room}/` },
    to: { path: `^${folder}/(${rooms.slice(place + 1).join('|')})/`, pathNot: askedByAll },
  }))

export default {
  forbidden: [
    ...downstreamRules('src-main', mainRooms),
    ...downstreamRules('src-renderer', rendererRooms),
    ...strangers.map(({ from, to, why }) => ({
      name: `src-renderer/${from} imports ${to.join(', ')}`,
      comment: `${why}. See docs/architecture.md#rooms.`,
      severity: 'error',
      from: { path: `^src-renderer/${from}/` },
      to: { path: `^src-renderer/(${to.join('|')})/` },
    })),
    {
      name: 'main imports renderer',
      severity: 'error',
      from: { path: '^src-main/' },
      to: { path: '^src-renderer/' },
    },
    {
      name: 'renderer imports main',
      severity: 'error',
      from: { path: '^src-renderer/' },
      to: { path: '^src-main/' },
    },
    {
      name: 'shared imports only itself',
      severity: 'error',
      from: { path: '^src-shared/' },
      to: { path: '^src-(main|renderer)/' },
    },
    {
      name: 'only viewer imports OpenSeadragon',
      severity: 'error',
      from: { path: '^src-renderer/', pathNot: '^src-renderer/viewer/' },
      to: { path: 'openseadragon' },
    },
    {
      name: 'only host imports Electron',
      severity: 'error',
      from: { path: '^src-', pathNot: '^src-main/(host/electron/|index\\.ts)' },
      to: { path: '(^|/)node_modules/electron(/|$)' },
    },
    {
      name: 'only the reading process decodes pixels',
      comment: 'The main process loads no native image library: a crafted file must not run code beside the database.',
      severity: 'error',
      from: {
        path: '^src-main/',
        pathNot: '^src-main/(slides/(pixels/|formats/|openSlides|slideServer|slides\\.process)|exports/render)',
      },
      to: {
        path: '(^|/)node_modules/(sharp|koffi)(/|$)|^src-main/slides/(pixels/|formats/|openSlides|slideServer)',
        pathNot: '^src-main/slides/formats/slideErrors',
      },
    },
    {
      name: 'only the engine process runs networks',
      severity: 'error',
      from: { path: '^src-main/', pathNot: '^src-main/nn/(engine|backend)' },
      to: { path: '(^|/)node_modules/onnxruntime-node(/|$)' },
    },
    {
      name: 'no cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'nothing unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.vue', '.mjs', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
}
