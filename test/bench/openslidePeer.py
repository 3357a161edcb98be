"""OpenSlide from Python on the same slide: tiles as JPEG, as a tile server makes them, or patches as RGB arrays.

argv: file, "tiles" | "patches"
stdin: {"places": [[x, y], …] (level-0 px), "read": px read, "edge": px wanted, "processes": [1, 2]}
stdout: {"perSecond": [n for each count of processes], "processorMs": for each tile or patch, "version": "…"}
"""
import io
import json
import multiprocessing
import sys
import time

import numpy
import openslide

file, what = sys.argv[1], sys.argv[2]
wanted = json.load(sys.stdin)
places, read, edge = wanted["places"], wanted["read"], wanted["edge"]


def work(todo):
    slide = openslide.OpenSlide(file)
    for x, y in todo:
        picture = slide.read_region((x, y), 0, (read, read)).convert("RGB")
        if what == "tiles":
            picture.save(io.BytesIO(), "JPEG", quality=80)
        else:
            if read != edge:
                picture = picture.resize((edge, edge), 2)
            numpy.asarray(picture)
    return len(todo)


def rate(processes):
    if processes == 1:
        start = time.perf_counter()
        done = work(places)
        return done / (time.perf_counter() - start)
    with multiprocessing.Pool(processes) as pool:
        pool.map(work, [places[:4]] * processes, 1)
        size = -(-len(places) // processes)
        parts = [places[i * size : (i + 1) * size] for i in range(processes)]
        start = time.perf_counter()
        done = sum(pool.map(work, parts, 1))
        return done / (time.perf_counter() - start)


work(places[: len(places) // 20 or 1])
before = time.process_time()
work(places[: len(places) // 4 or 1])
processor = (time.process_time() - before) * 1000 / (len(places) // 4 or 1)
print(json.dumps({
    "processorMs": processor,
    "perSecond": [rate(processes) for processes in wanted["processes"]],
    "version": openslide.__version__ + " / " + openslide.__library_version__,
}))
