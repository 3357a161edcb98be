/** OME-TIFF: levels in SubIFDs, colours that the directory denies, channels of 16 bits put together. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { openSlideFile } from '../../../../src-main/slides/formats/openSlideFile.ts'
import { greatestDifference, levelFromTiles, levelRegion, openedSlide } from '../../../fixtures/pixels.ts'
import { sharedFile, testWith } from '../../../fixtures/sharedData.ts'
import { temporaryFolder } from '../../../fixtures/temporary.ts'
import { pattern } from '../../../fixtures/tinySlides.ts'
import { type Plane, writeTiff } from '../../../fixtures/writeTiff.ts'

const file = () => path.join(temporaryFolder(), 'a.ome.tif')

const xml = (pixels: string, inside: string, more = '') =>
  `<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Instrument ID="Instrument:0"><Objective ID="Objective:0" NominalMagnification="40"/></Instrument><Image ID="Image:0" Name="scan"><ObjectiveSettings ID="Objective:0"/><Pixels ID="Pixels:0" SizeX="300" SizeY="200" SizeZ="1" SizeT="1" DimensionOrder="XYCZT" ${pixels}>${inside}</Pixels></Image>${more}</OME>`

const colour = (width: number, height: number, description?: string, subIfds?: Plane[]): Plane => ({
  width,
  height,
  tile: 128,
  bits: 8,
  samples: 3,
  values: pattern(width, height),
  ...(description === undefined ? {} : { description }),
  ...(subIfds ? { subIfds } : {}),
})

const PHYSICAL = 'PhysicalSizeX="250" PhysicalSizeXUnit="nm" PhysicalSizeY="0.26"'

describe('colour', () => {
  test('levels in SubIFDs, µm/px in any unit, objective, macro image', async () => {
    const made = writeTiff(file(), [
      colour(
        300,
        200,
        xml(
          `SizeC="3" Type="uint8" ${PHYSICAL}`,
          '<Channel SamplesPerPixel="3"/><TiffData IFD="0" PlaneCount="1"/>',
          '<Image Name="macro image"><Pixels SizeX="60" SizeY="40" SizeC="3" SizeZ="1" SizeT="1" DimensionOrder="XYCZT"><Channel SamplesPerPixel="3"/><TiffData IFD="1"/></Pixels></Image>',
        ),
        [colour(150, 100), colour(75, 50)],
      ),
      colour(60, 40),
    ])
    const source = await openedSlide(made)
    expect(source.header).toMatchObject({
      format: 'OME-TIFF',
      objectivePower: 40,
      fileMpp: { x: 0.25, y: 0.26, tag: 'OME PhysicalSizeX and PhysicalSizeY' },
      associatedImages: [{ name: 'macro', width: 60, height: 40 }],
    })
    expect(source.header.levels.map(({ width }) => width)).toEqual([300, 150, 75])
    for (const [level, { width, height }] of source.header.levels.entries()) {
      expect(greatestDifference((await levelRegion(source, level)).data, pattern(width, height))).toBe(0)
      expect(greatestDifference((await levelFromTiles(source, level)).data, pattern(width, height))).toBe(0)
    }
    expect(greatestDifference((await source.associatedImage('macro'))!.data, pattern(60, 40))).toBe(0)
  })

  testWith('wsi/OS-1-detail.ome.tif')(
    'OS-1-detail is pink and purple: its JPEGs hold YCbCr, whatever its directory says',
    async () => {
      const lying = sharedFile('wsi/OS-1-detail.ome.tif')
      const source = await openedSlide(lying)
      expect(source.header).toMatchObject({ width: 1101, height: 1101, fileMpp: { x: expect.closeTo(0.2271, 4) } })
      // the same file with the tag that tells the truth, as libvips reads it
      const bytes = readFileSync(lying)
      const photometric = bytes.indexOf(Buffer.from([1, 6, 0, 3, 0, 0, 0, 1, 0, 2])) // big-endian: tag 262, one short, 2
      bytes.writeUInt16BE(6, photometric + 8)
      const truthful = path.join(temporaryFolder(), 'true.tif')
      writeFileSync(truthful, bytes)
      const theirs = await sharp(truthful).raw().toBuffer()
      expect(greatestDifference((await levelRegion(source)).data, theirs)).toBe(0)
      expect(greatestDifference((await levelFromTiles(source)).data, theirs)).toBe(0)
      const { channels } = await sharp(truthful).stats()
      const [red, green, blue] = channels.map(({ mean }) => mean)
      expect(red).toBeGreaterThan(green! + 20)
      expect(blue).toBeGreaterThan(green! + 10)
    },
  )
})

describe('channels', () => {
  /** Rises from left to right, or from top to bottom. */
  const ramp = (width: number, height: number, most: number, down: boolean): Uint16Array =>
    Uint16Array.from({ length: width * height }, (_, i) =>
      Math.floor(down ? (most * Math.floor(i / width)) / (height - 1) : (most * (i % width)) / (width - 1)),
    )
  const plane = (down: boolean, most: number, description?: string): Plane => ({
    width: 300,
    height: 200,
    tile: 128,
    bits: 16,
    samples: 1,
    values: ramp(300, 200, most, down),
    ...(description === undefined ? {} : { description }),
  })

  test('two of 16 bits are shown from their 1 % to their 99.8 % in their colours, and added', async () => {
    const description = xml(
      'SizeC="2" Type="uint16"',
      `<Channel Name="DAPI" Color="65535"/><Channel Name="HER2" Color="-16776961"/><TiffData FirstC="1" IFD="0" PlaneCount="1"/><TiffData FirstC="0" IFD="1" PlaneCount="1"/>`,
    )
    // 65535 = 0x0000ffff: blue; -16776961 = 0xff0000ff: red
    const source = await openedSlide(writeTiff(file(), [plane(true, 4000, description), plane(false, 1000)]))
    const shown = source.header.properties.filter(({ name }) => name.startsWith('tessera.channel'))
    const sorted = (values: Uint16Array, share: number) => values.toSorted()[Math.floor(share * values.length)]!
    const across = ramp(300, 200, 1000, false)
    const down = ramp(300, 200, 4000, true)
    expect(shown.map(({ value }) => value)).toEqual([
      `DAPI: ${sorted(across, 0.01)} to ${sorted(across, 0.998)} as rgb(0, 0, 255)`,
      `HER2: ${sorted(down, 0.01)} to ${sorted(down, 0.998)} as rgb(255, 0, 0)`,
    ])
    const { data } = await levelRegion(source)
    for (const [x, y] of [
      [0, 0],
      [150, 20],
      [299, 199],
      [140, 150],
    ] as const) {
      const share = (values: Uint16Array) => {
        const [from, to] = [sorted(values, 0.01), sorted(values, 0.998)]
        return Math.min(1, Math.max(0, (values[y * 300 + x]! - from) / (to - from)))
      }
      const [red, green, blue] = data.subarray((y * 300 + x) * 3)
      expect([red, green, blue]).toEqual([Math.round(255 * share(down)), 0, Math.round(255 * share(across))])
    }
    expect(greatestDifference((await levelFromTiles(source)).data, data)).toBe(0)
  })

  test('one of 16 bits is grey', async () => {
    const description = xml('SizeC="1" Type="uint16"', '<Channel Color="16711935"/><TiffData/>')
    const { data } = await levelRegion(await openedSlide(writeTiff(file(), [plane(false, 900, description)])))
    expect([...data.subarray(0, 3)]).toEqual([0, 0, 0])
    expect([...data.subarray(299 * 3, 300 * 3)]).toEqual([255, 255, 255])
  })

  test.each([
    [
      'planes in several files',
      'SizeC="2"',
      '<TiffData FirstC="0" IFD="0"><UUID FileName="a.ome.tif">x</UUID></TiffData><TiffData FirstC="1" IFD="0"><UUID FileName="b.ome.tif">y</UUID></TiffData>',
      'SLIDE_FORMAT_NOT_READ',
      /several files/,
    ],
    ['a directory that is not there', 'SizeC="1"', '<TiffData IFD="7"/>', 'SLIDE_BROKEN', /names directory 7/],
    ['a size that is no number', 'SizeC="many"', '<TiffData/>', 'SLIDE_BROKEN', /SizeC = “many”/],
    ['planes without end', 'SizeC="2000000"', '<TiffData/>', 'SLIDE_BROKEN', /claims 2000000 planes/],
    ['XML that is cut short', 'SizeC="1"', '<TiffData', 'SLIDE_BROKEN', /OME-XML can not be read/],
  ])('%s: refused by name', async (_, pixels, inside, code, words) => {
    const made = writeTiff(file(), [plane(false, 900, xml(`${pixels} Type="uint16"`, inside))])
    await expect(openSlideFile(made)).rejects.toMatchObject({ code, message: expect.stringMatching(words) })
  })
})
