"""Debian's libvips through ctypes on the same slide: tiles as JPEG, or patches as RGB bytes in memory.

argv: file, "tiles" | "patches"
stdin: {"places": [[x, y], …] (level-0 px), "read": px read, "edge": px wanted, "processes": [1, 2]}
stdout: {"perSecond": [n for each count of processes], "version": "…"}
"""
import ctypes
import json
import multiprocessing
import sys
import time

vips = ctypes.CDLL("libvips.so.42")
glib = ctypes.CDLL("libglib-2.0.so.0")
pointer = ctypes.c_void_p
vips.vips_image_new_from_file.restype = pointer
vips.vips_image_write_to_memory.restype = pointer
vips.vips_version_string.restype = ctypes.c_char_p
vips.vips_error_buffer.restype = ctypes.c_char_p
gobject = ctypes.CDLL("libgobject-2.0.so.0")
LINEAR = 1

file, what = sys.argv[1], sys.argv[2]
wanted = json.load(sys.stdin)
places, read, edge = wanted["places"], wanted["read"], wanted["edge"]


def sure(code):
    if code != 0:
        raise RuntimeError(vips.vips_error_buffer().decode())


def work(todo):
    vips.vips_init(b"peer")
    vips.vips_concurrency_set(1)
    slide = pointer(vips.vips_image_new_from_file(file.encode(), None))
    for x, y in todo:
        part = pointer()
        sure(vips.vips_crop(slide, ctypes.byref(part), x, y, read, read, None))
        if read != edge:
            small = pointer()
            sure(vips.vips_resize(part, ctypes.byref(small), ctypes.c_double(edge / read), b"kernel", LINEAR, None))
            gobject.g_object_unref(part)
            part = small
        bytes_ = ctypes.c_size_t()
        if what == "tiles":
            jpeg = pointer()
            sure(vips.vips_jpegsave_buffer(part, ctypes.byref(jpeg), ctypes.byref(bytes_), b"Q", 80, None))
        else:
            jpeg = pointer(vips.vips_image_write_to_memory(part, ctypes.byref(bytes_)))
            if bytes_.value != edge * edge * 3:
                raise RuntimeError(f"{bytes_.value} bytes, {edge * edge * 3} were expected")
        glib.g_free(jpeg)
        gobject.g_object_unref(part)
    gobject.g_object_unref(slide)
    return len(todo)


def rate(processes):
    with multiprocessing.Pool(processes) as pool:
        pool.map(work, [places[:4]] * processes, 1)
        size = -(-len(places) // processes)
        parts = [places[i * size : (i + 1) * size] for i in range(processes)]
        start = time.perf_counter()
        done = sum(pool.map(work, parts, 1))
        return done / (time.perf_counter() - start)


print(json.dumps({
    "perSecond": [rate(processes) for processes in wanted["processes"]],
    "version": vips.vips_version_string().decode(),
}))
