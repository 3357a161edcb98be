/**
 * `npm run bench:setup`: installs the peers of the measurements from Debian: PyTorch, OpenSlide, libvips, libjpeg-turbo,
 * numpy, Pillow, scikit-learn.
 */
import { spawnSync } from 'node:child_process'
import { install, say, stop } from './setup.mjs'

const packages = [
  'python3-torch',
  'python3-openslide',
  'python3-numpy',
  'python3-pil',
  'python3-sklearn',
  // without OpenBLAS numpy uses the reference BLAS, which would be no peer
  'libopenblas0-pthread',
  'libvips-tools',
  'libturbojpeg0',
]

install()
if (process.platform !== 'linux' || process.getuid?.() !== 0)
  stop(`The peers are Debian packages. As root: apt-get install ${packages.join(' ')}`)
say(`Installing with apt-get: ${packages.join(', ')} (about 1 GB).`)
const apt = (/** @type {string[]} */ ...args) =>
  spawnSync('apt-get', args, { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
    .status === 0
if (!apt('update') || !apt('install', '-y', '--no-install-recommends', ...packages))
  stop('apt-get could not install the peers; it said why above.')
