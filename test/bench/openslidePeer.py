"""OpenSlide from Python on the same slide: tiles as JPEG, as a tile server makes them, or patches as RGB arrays.

argv: file, "tiles" | "patches", edge px, count, scale (level-0 px per px; patches only)
stdout: {"perSecond": n, "perSecondTwo": n with two processes, "version": "…"}
"""
import io
import json
import multiprocessing
import random
import sys
import time

import numpy
import openslide

file, what, edge, count, scale = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])


def places(slide):
    width, height = slide.dimensions
    if what == "tiles":
        rng = random.Random(1)
        return [(rng.randrange(width // edge) * edge, rng.randrange(height // edge) * edge) for _ in range(count)]
    step = round(edge * scale)
    across = width // step
    return [((i % across) * step, (i // across) * step) for i in range(count)]


def work(part):
    slide = openslide.OpenSlide(file)
    todo = places(slide)
    todo = todo[part[0]::part[1]]
    read = round(edge * scale)
    for x, y in todo:
        picture = slide.read_region((x, y), 0, (read, read)).convert("RGB")
        if what == "tiles":
            picture.save(io.BytesIO(), "JPEG", quality=80)
        else:
            if read != edge:
                picture = picture.resize((edge, edge), 2)
            numpy.asarray(picture)
    return len(todo)


work((0, count // 20 or 1))
start = time.perf_counter()
done = work((0, 1))
one = done / (time.perf_counter() - start)
with multiprocessing.Pool(2) as pool:
    start = time.perf_counter()
    done = sum(pool.map(work, [(0, 2), (1, 2)]))
    two = done / (time.perf_counter() - start)
print(json.dumps({"perSecond": one, "perSecondTwo": two, "version": openslide.__version__ + " / " + openslide.__library_version__}))
