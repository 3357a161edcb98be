"""The floor of a durable label: Python's own sqlite3, one row a commit, WAL and synchronous FULL, on the same disk.

argv: folder, count
stdout: {"p50": ms, "p99": ms, "version": "…"}
"""
import json
import os
import sqlite3
import sys
import time

folder, count = sys.argv[1], int(sys.argv[2])
file = os.path.join(folder, "peer.sqlite")
db = sqlite3.connect(file, isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute("PRAGMA synchronous = FULL")
db.execute("CREATE TABLE labels (patch INTEGER PRIMARY KEY, class INTEGER)")
times = []
for i in range(count):
    start = time.perf_counter()
    db.execute("INSERT INTO labels VALUES (?, 1)", (i,))
    times.append((time.perf_counter() - start) * 1000)
times.sort()
print(json.dumps({"p50": times[len(times) // 2], "p99": times[int(len(times) * 0.99)], "version": "sqlite3 " + sqlite3.sqlite_version}))
