/**
 * Philips TIFF and Leica SCN by our own readers. No real files could be had: these are generated after OpenSlide's
 * descriptions of the formats.
 */
import path from 'node:path'
import sharp from 'sharp'
import { describe, expect, test, vi } from 'vitest'
import { openSlideFile } from '../../../../src-main/slides/formats/openSlideFile.ts'
import { readLevelRegion } from '../../../../src-main/slides/pixels/levelRegion.ts'
import { temporaryFolder } from '../../../fixtures/temporary.ts'
import { pattern } from '../../../fixtures/tinySlides.ts'
import { type Plane, writeTiff } from '../../../fixtures/writeTiff.ts'

const SOFTWARE = 305
const TILE = 64

type Picture = { width: number; height: number; pixels: Buffer }

const picture = (width: number, height: number): Picture => ({ width, height, pixels: pattern(width, height) })

const jpegOf = ({ width, height, pixels }: Picture) =>
  sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90, chromaSubsampling: '4:4:4' })
    .toBuffer()

/** The tiles of a picture as JPEG, filled up with white. @param empty places that are not stored */
async function tilesOf({ width, height, pixels }: Picture, empty: readonly number[] = []): Promise<(Buffer | null)[]> {
  const tiles: (Buffer | null)[] = []
  for (let top = 0; top < height; top += TILE)
    for (let left = 0; left < width; left += TILE) {
      const tile = Buffer.alloc(TILE * TILE * 3, 255)
      for (let y = 0; y < Math.min(TILE, height - top); y++) {
        const from = ((top + y) * width + left) * 3
        pixels.copy(tile, y * TILE * 3, from, from + Math.min(TILE, width - left) * 3)
      }
      const isEmpty = empty.includes(tiles.length)
      tiles.push(isEmpty ? null : await jpegOf({ width: TILE, height: TILE, pixels: tile }))
    }
  return tiles
}

const YCBCR = 6
const JPEG = 7

async function plane(of: Picture, more: Partial<Plane> = {}, empty: readonly number[] = []): Promise<Plane> {
  const stored = { compression: JPEG, photometric: YCBCR, tiles: await tilesOf(of, empty) }
  return { width: of.width, height: of.height, tile: TILE, bits: 8, samples: 3, values: [], stored, ...more }
}

/** Pixels of a picture as its JPEG tiles give them. */
async function decoded(tiles: readonly (Buffer | null)[], columns: number, x: number, y: number): Promise<number[]> {
  const tile = tiles[Math.floor(y / TILE) * columns + Math.floor(x / TILE)]!
  const { data } = await sharp(tile).raw().toBuffer({ resolveWithObject: true })
  const at = ((y % TILE) * TILE + (x % TILE)) * 3
  return [...data.subarray(at, at + 3)]
}

describe('Philips TIFF', () => {
  const spacing = (text: string) => `<Attribute Name="DICOM_PIXEL_SPACING" PMSVR="IDoubleArray">${text}</Attribute>`
  const level = (mm: number) =>
    `<DataObject ObjectType="PixelDataRepresentation">${spacing(`"${mm}" "${mm}"`)}</DataObject>`

  const xml = (scans: string, levels = [0.00025, 0.0005, 0.001].map(level).join('')) => `<?xml version="1.0"?>
<DataObject ObjectType="DPUfsImport">
  <Attribute Name="DICOM_MANUFACTURER">PHILIPS</Attribute>
  <Attribute Name="PIM_DP_SCANNED_IMAGES" PMSVR="IDataObjectArray"><Array>
    ${scans}
    <DataObject ObjectType="DPScannedImage">
      <Attribute Name="PIM_DP_IMAGE_TYPE">WSI</Attribute>
      ${spacing('"0.000251" "0.00025"')}
      <Attribute Name="PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE"><Array>${levels}</Array></Attribute>
    </DataObject>
  </Array></Attribute>
</DataObject>`

  const imageIn = (kind: string, jpeg: Buffer) =>
    `<DataObject ObjectType="DPScannedImage"><Attribute Name="PIM_DP_IMAGE_TYPE">${kind}</Attribute><Attribute Name="PIM_DP_IMAGE_DATA">${jpeg.toString('base64')}</Attribute></DataObject>`

  /** Level 0 of 320 × 192 px; the others are 160 × 96 and 80 × 48, padded to whole tiles of 64 px. */
  async function philips(description: string, empty: readonly number[] = []): Promise<string> {
    const texts = { [SOFTWARE]: 'Philips DP v1.0' }
    return writeTiff(path.join(temporaryFolder(), 'scan.tiff'), [
      await plane(picture(320, 192), { description, texts }, empty),
      await plane(picture(192, 128), { texts }),
      await plane(picture(128, 64), { texts }),
    ])
  }

  test('levels have their true sizes, and no padding is seen', async () => {
    const source = await openSlideFile(await philips(xml('')))
    expect(source.header).toMatchObject({ format: 'Philips TIFF', vendor: 'Philips', width: 320, height: 192 })
    expect(
      source.header.levels.map(({ width, height, downsample, columns, rows }) => [
        width,
        height,
        downsample,
        columns,
        rows,
      ]),
    ).toEqual([
      [320, 192, 1, 5, 3],
      [160, 96, 2, 3, 2],
      [80, 48, 4, 2, 1],
    ])
    await source.close()
  })

  test('tiles of a padded level are those of its own list, and regions have the same pixels', async () => {
    const source = await openSlideFile(await philips(xml('')))
    const tiles = await tilesOf(picture(192, 128))
    const region = await readLevelRegion(source, 1, { x: 0, y: 0, width: 160, height: 96 })
    for (const [x, y] of [
      [0, 0],
      [70, 10],
      [159, 95],
      [20, 80],
    ] as const) {
      const at = (y * 160 + x) * 3
      expect([...region.data.subarray(at, at + 3)], `${x}, ${y}`).toEqual(await decoded(tiles, 3, x, y))
    }
    const sent = await source.levels[1]!.tile(1, 1)
    const theirs = await sharp(tiles[3 + 1]!)
      .raw()
      .toBuffer()
    expect((await sharp(sent!).raw().toBuffer()).equals(theirs)).toBe(true)
    await source.close()
  })

  test('a tile of no bytes is bare glass', async () => {
    const source = await openSlideFile(await philips(xml(''), [6]))
    expect(await source.levels[0]!.tile(1, 1)).toBeNull()
    const { data } = await readLevelRegion(source, 0, { x: 70, y: 70, width: 20, height: 20 })
    expect(new Set(data)).toEqual(new Set([255]))
    const beside = await readLevelRegion(source, 0, { x: 0, y: 70, width: 20, height: 20 })
    expect(Math.min(...beside.data)).toBeLessThan(200)
    await source.close()
  })

  test('µm/px is the px spacing of the scan, whose rows come first', async () => {
    const source = await openSlideFile(await philips(xml('')))
    expect(source.header.fileMpp).toEqual({ x: 0.25, y: 0.251, tag: 'philips.DICOM_PIXEL_SPACING' })
    expect(source.header.properties).toContainEqual({ name: 'philips.DICOM_MANUFACTURER', value: 'PHILIPS' })
    await source.close()
  })

  test('label and macro image are read from the XML', async () => {
    const [label, macro] = [await jpegOf(picture(30, 40)), await jpegOf(picture(90, 40))]
    const file = await philips(xml(imageIn('LABELIMAGE', label) + imageIn('MACROIMAGE', macro)))
    const source = await openSlideFile(file)
    expect(source.header.associatedImages).toEqual([
      { name: 'label', width: 30, height: 40 },
      { name: 'macro', width: 90, height: 40 },
    ])
    const shown = await source.associatedImage('label')
    expect(shown!.data.equals(await sharp(label).raw().toBuffer())).toBe(true)
    expect(
      source.header.properties.some(({ value }) => value.includes('/9j/')),
      'no picture among the properties',
    ).toBe(false)
    await source.close()
  })

  test.each([
    ['XML that ends early', xml('').slice(0, 300), /its Philips XML can not be read/],
    ['no slide', xml('').replace('>WSI<', '>OTHER<'), /describes no slide/],
    ['no spacing', xml('').replaceAll('"0.000251" "0.00025"', 'wide'), /DICOM_PIXEL_SPACING = “wide”/],
    ['no levels', xml('', ''), /how large the px of its levels are/],
    [
      'levels that can not be of this size',
      xml('', [level(0.00025), level(0.00026)].join('')),
      /level 1 is 1 times smaller than level 0, but it has 192 × 128 px/,
    ],
    ['a label that is no JPEG', xml(imageIn('LABELIMAGE', Buffer.from('label'))), /label image .* is no JPEG/],
  ])('%s: refused by name', async (_, description, words) => {
    await expect(openSlideFile(await philips(description))).rejects.toMatchObject({
      code: 'SLIDE_BROKEN',
      message: expect.stringMatching(words),
    })
  })
})

describe('Leica SCN', () => {
  const macroXml = (ifd: number) =>
    `<image name="macro"><pixels sizeX="128" sizeY="192"><dimension sizeX="128" sizeY="192" r="0" ifd="${ifd}"/></pixels><view sizeX="25000000" sizeY="75000000" offsetX="0" offsetY="0"/></image>`

  const regionXml = (from: number, light = 'brightfield') =>
    `<image name="scan"><creationDate>2026-01-01</creationDate><device model="Leica SCN400;Leica SCN" version="1.4"/><pixels sizeX="320" sizeY="256"><dimension sizeX="320" sizeY="256" r="0" ifd="${from}"/><dimension sizeX="80" sizeY="64" r="1" ifd="${from + 1}"/></pixels><view sizeX="160000" sizeY="128000" offsetX="5000000" offsetY="9000000"/><scanSettings><objectiveSettings><objective>20</objective></objectiveSettings><illuminationSettings><illuminationSource>${light}</illuminationSource></illuminationSettings></scanSettings></image>`

  const scn = (images: string) =>
    `<?xml version="1.0"?><scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01"><collection name="c" barcode="ABC" sizeX="25000000" sizeY="75000000">${images}</collection></scn>`

  async function leica(description: string): Promise<string> {
    return writeTiff(path.join(temporaryFolder(), 'scan.scn'), [
      await plane(picture(128, 192), { description }),
      await plane(picture(320, 256)),
      await plane(picture(80, 64)),
    ])
  }

  test('one region is the slide, with its levels, µm/px, objective and macro image', async () => {
    const source = await openSlideFile(await leica(scn(macroXml(0) + regionXml(1))))
    expect(source.header).toMatchObject({
      format: 'Leica SCN',
      width: 320,
      height: 256,
      levels: [{ downsample: 1 }, { width: 80, height: 64, downsample: 4 }],
      fileMpp: { x: 0.5, y: 0.5, tag: 'leica.view' },
      objectivePower: 20,
      associatedImages: [{ name: 'macro', width: 128, height: 192 }],
    })
    expect(source.header.properties).toContainEqual({ name: 'leica.offset-x', value: '5000000' })
    const tiles = await tilesOf(picture(320, 256))
    const region = await readLevelRegion(source, 0, { x: 60, y: 60, width: 100, height: 100 })
    for (const [x, y] of [
      [60, 60],
      [64, 130],
      [159, 159],
    ] as const) {
      const at = ((y - 60) * 100 + x - 60) * 3
      expect([...region.data.subarray(at, at + 3)]).toEqual(await decoded(tiles, 5, x, y))
    }
    expect((await source.associatedImage('macro'))!.width).toBe(128)
    await source.close()
  })

  test.each([
    ['two regions', scn(macroXml(0) + regionXml(1) + regionXml(1)), /is a Leica SCN file with 2 regions/],
    ['fluorescence', scn(macroXml(0) + regionXml(1, 'fluorescence')), /is a Leica SCN file in fluorescence/],
  ])('%s are left to OpenSlide, and refused by name without it', async (_, description, words) => {
    vi.stubEnv('TESSERA_OPENSLIDE', '/nowhere')
    await expect(openSlideFile(await leica(description))).rejects.toMatchObject({
      code: 'SLIDE_NEEDS_OPENSLIDE',
      message: expect.stringMatching(words),
    })
  })

  test.each([
    ['no region', scn(macroXml(0)), /describes no scanned region/],
    ['a directory that is not there', scn(macroXml(0) + regionXml(7)), /names directory 7/],
    ['another size', scn(macroXml(0) + regionXml(0)), /directory 0 has 320 × 256 px, but it has 128 × 192/],
    ['XML that is none', scn(macroXml(0) + regionXml(1)).slice(0, -20), /its Leica XML can not be read/],
  ])('%s: refused by name', async (_, description, words) => {
    await expect(openSlideFile(await leica(description))).rejects.toMatchObject({
      code: 'SLIDE_BROKEN',
      message: expect.stringMatching(words),
    })
  })
})
