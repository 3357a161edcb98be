"""The limit: Debian's libjpeg-turbo through ctypes, decoding the slide's own JPEG tiles from memory and nothing else.

argv: a file of JPEGs, each behind its length (uint32, little-endian); seconds
stdin: {"processes": [1, 2]}
stdout: {"perSecond": [tiles for each count of processes], "px": px of a tile}
"""
import ctypes
import json
import multiprocessing
import struct
import sys
import time

turbo = ctypes.CDLL("libturbojpeg.so.0")
turbo.tjInitDecompress.restype = ctypes.c_void_p
turbo.tjGetErrorStr.restype = ctypes.c_char_p
file, seconds = sys.argv[1], float(sys.argv[2])

jpegs = []
with open(file, "rb") as stored:
    while head := stored.read(4):
        jpegs.append(stored.read(struct.unpack("<I", head)[0]))


def work(_):
    decoder = ctypes.c_void_p(turbo.tjInitDecompress())
    width, height, sampling, colours = (ctypes.c_int() for _ in range(4))
    first = jpegs[0]
    turbo.tjDecompressHeader3(decoder, first, ctypes.c_ulong(len(first)), *map(ctypes.byref, (width, height, sampling, colours)))
    into = ctypes.create_string_buffer(width.value * height.value * 3)
    done = 0
    start = time.perf_counter()
    while (taken := time.perf_counter() - start) < seconds:
        for jpeg in jpegs:
            if turbo.tjDecompress2(decoder, jpeg, ctypes.c_ulong(len(jpeg)), into, width.value, 0, height.value, 0, 0):
                raise RuntimeError(turbo.tjGetErrorStr().decode())
        done += len(jpegs)
    return done / taken, width.value * height.value


rates = []
for processes in json.load(sys.stdin)["processes"]:
    with multiprocessing.Pool(processes) as pool:
        found = pool.map(work, range(processes), 1)
    rates.append(sum(rate for rate, _ in found))
print(json.dumps({"perSecond": rates, "px": found[0][1]}))
