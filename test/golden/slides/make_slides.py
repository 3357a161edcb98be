"""
Small TIFFs written by libtiff through Pillow (9.4.0, libtiff 4.5.0).
Run with a Python that has it:  python3 test/golden/slides/make_slides.py
Pixel (x, y) is (7x + y, 3y, x * y / 4), each modulo 256; the grey ones hold the first of the three.
"""
import os
from PIL import Image

here = os.path.dirname(os.path.abspath(__file__))
WIDTH, HEIGHT = 150, 110


def pixel(x, y):
    return ((7 * x + y) & 255, (3 * y) & 255, (x * y // 4) & 255)


colour = Image.new('RGB', (WIDTH, HEIGHT))
colour.putdata([pixel(x, y) for y in range(HEIGHT) for x in range(WIDTH)])
grey = colour.getchannel(0)
TILE_WIDTH, TILE_LENGTH, PREDICTOR, ROWS_PER_STRIP = 322, 323, 317, 278

for name, image, compression, tags in [
    ('zstd_strips', colour, 'zstd', {ROWS_PER_STRIP: 16}),
    ('zstd_strips_predictor', colour, 'zstd', {ROWS_PER_STRIP: 32, PREDICTOR: 2}),
    ('zstd_grey', grey, 'zstd', {ROWS_PER_STRIP: 110, PREDICTOR: 2}),
    ('lzw_strips_predictor', colour, 'tiff_lzw', {PREDICTOR: 2}),
    ('lzma_strips', colour, 'tiff_lzma', {}),
    ('packbits_strips', colour, 'packbits', {}),
]:
    image.save(os.path.join(here, name + '.tif'), compression=compression, tiffinfo=tags)
