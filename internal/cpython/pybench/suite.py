"""What pybench runs in every interpreter: one job for each process, standard library alone, CPython 3.8 and later.

    about                        what this interpreter is, and which benchmarks it lacks modules for
    calibrate NAME SECONDS       how many loops make a value of that length
    run NAME LOOPS VALUES        that many values, in seconds of processor time for one loop
    memory NAME                  the peak of this process after NAME, in bytes

A job prints one line of JSON. A benchmark prepares and returns the work; the work returns something small that must be
the same in every version, so that two interpreters that compute different things are not compared.
"""
import sys

if sys.path and sys.path[0] in ("", "."):  # nothing comes from the directory this was started in
    del sys.path[0]


def lcg(seed):
    """Numbers that are the same everywhere; module random is slow to import and has changed."""
    while True:
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        yield seed >> 8


def take(n, seed=7):
    numbers = lcg(seed)
    return [next(numbers) for _ in range(n)]


def words(n):
    return ["w%x" % (x % 997) for x in take(n)]


def records(n):
    return [{"id": i, "name": "user %d" % i, "mail": "u%d@example.org" % i, "active": i % 3 == 0, "score": i * 1.25,
             "tags": ["a%d" % (i % 5), "b"], "address": {"street": "Calle %d" % i, "city": "Le\u00f3n", "zip": None}}
            for i in range(n)]


def calls():
    def add(a, b=1, *, c=2):
        return a + b + c

    def spread(*args, **kwargs):
        return add(*args, **kwargs)

    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    def work():
        total = fib(14)
        for i in range(500):
            total += add(i) + add(i, 2) + add(i, b=3, c=4) + spread(i, b=i, c=1)
        return total
    return work


def classes():
    class Shape:
        def __init__(self, w, h):
            self.w, self.h = w, h

        def area(self):
            return self.w * self.h

        @property
        def half(self):
            return self.area() // 2

    class Square(Shape):
        def __init__(self, w):
            super().__init__(w, w)

        def __eq__(self, other):
            return self.w == other.w

    class Point:
        __slots__ = ("x", "y")

        def __init__(self, x, y):
            self.x, self.y = x, y

    def work():
        total = 0
        for i in range(600):
            s, p = Square(i), Point(i, 2)
            p.x += s.w
            total += s.area() + s.half + p.x * p.y + (s == s) + isinstance(s, Shape)
        return total
    return work


def containers():
    text, numbers = words(1500), take(1500)

    def work():
        count = {}
        for w in text:
            count[w] = count.get(w, 0) + 1
        groups = {}
        for n in numbers:
            groups.setdefault(n % 31, []).append(n)
        unique = set(numbers) & {n + 1 for n in numbers} | set(numbers[:200])
        squares = [n * n for n in numbers if n & 1]
        pairs = dict(zip(numbers, text))
        stack = []
        for n in numbers:
            stack.append(n)
            if n % 3 == 0:
                stack.pop()
        return len(count), len(groups), len(unique), sum(squares), len(pairs), len(stack)
    return work


def strings():
    text = words(300)

    def work():
        lines = []
        for i, w in enumerate(text):
            lines.append(f"{i:>5}|{w:<8}|{i / 7:.3f}")
            lines.append("%s-%d-%r" % (w, i, w))
            lines.append("{0}/{name}".format(w, name=i))
            lines.append(w.upper().replace("W", "x").strip("0").title())
        joined = "\n".join(lines)
        return len(joined), len(joined.split("\n")), joined.count("x"), joined.encode("utf-8").decode("utf-8").find("/299")
    return work


def json_dumps():
    import json
    data = records(120)
    return lambda: len(json.dumps(data)) + len(json.dumps(data, indent=1, sort_keys=True))


def json_loads():
    import json
    text = json.dumps(records(120))
    return lambda: sum(one["id"] for one in json.loads(text))


def regex():
    import re
    lines = ['10.0.%d.%d - u%d [01/Mar/2026:10:%02d:00 +0000] "GET /api/v1/items/%d?page=%d HTTP/1.1" 200 %d' % (
        i % 256, i * 7 % 256, i, i % 60, i, i % 9, i * 31) for i in range(120)]
    line = re.compile(r'(?P<ip>\d+(?:\.\d+){3}) \S+ (\S+) \[([^\]]+)\] "(\w+) ([^ "]+)[^"]*" (\d{3}) (\d+)')
    route = re.compile(r"^/api/v(\d+)/(?:items|users)/(\d+)(?:\?page=(\d+))?$")
    digits = re.compile(r"[0-9]+")

    def work():
        total = 0
        for text in lines:
            m = line.match(text)
            total += int(m.group(7)) + int(route.match(m.group(5)).group(2))
            total += len(digits.sub("#", text)) + len(re.split(r"[ /]", text))
        return total
    return work


def nbody():
    start = [([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], 39.478), ([4.84, -1.16, -0.10], [0.606, 2.812, -0.025], 0.0377),
             ([8.34, 4.12, -0.40], [-1.01, 1.82, 0.008], 0.0113), ([12.89, -15.11, -0.22], [1.08, 0.87, -0.01], 0.0017)]

    def work():
        bodies = [(list(p), list(v), m) for p, v, m in start]
        for _ in range(60):
            for i, (p, v, m) in enumerate(bodies):
                for q, w, n in bodies[i + 1:]:
                    dx, dy, dz = p[0] - q[0], p[1] - q[1], p[2] - q[2]
                    mag = 0.01 / (dx * dx + dy * dy + dz * dz) ** 1.5
                    v[0] -= dx * n * mag
                    v[1] -= dy * n * mag
                    v[2] -= dz * n * mag
                    w[0] += dx * m * mag
                    w[1] += dy * m * mag
                    w[2] += dz * m * mag
            for p, v, _m in bodies:
                p[0] += 0.01 * v[0]
                p[1] += 0.01 * v[1]
                p[2] += 0.01 * v[2]
        return "%.6f" % bodies[1][0][0]
    return work


def pidigits():
    def work():
        digits, k, a, b, a1, b1 = [], 2, 4, 1, 12, 4
        while len(digits) < 100:
            p, q, k = k * k, 2 * k + 1, k + 1
            a, b, a1, b1 = a1, b1, p * a + q * a1, p * b + q * b1
            d, d1 = a // b, a1 // b1
            while d == d1 and len(digits) < 100:
                digits.append(str(d))
                a, a1 = 10 * (a % b), 10 * (a1 % b1)
                d, d1 = a // b, a1 // b1
        return "".join(digits)[-20:]
    return work


def generators():
    def tree(depth):
        if depth:
            yield from tree(depth - 1)
            yield depth
            yield from tree(depth - 1)

    def running():
        total = 0
        while True:
            total += yield total

    def work():
        mean = running()
        next(mean)
        last = 0
        for n in tree(8):
            last = mean.send(n)
        return last, sum(x * 2 for x in range(800) if x % 3), sum(map(len, (str(n) for n in range(300))))
    return work


def exceptions():
    class Wrong(ValueError):
        pass

    def check(n):
        if n % 3 == 0:
            raise Wrong(n)
        return n

    def deep(n, depth):
        return check(n) if depth == 0 else deep(n, depth - 1)

    def work():
        caught = final = 0
        for i in range(400):
            try:
                deep(i, 3)
            except (KeyError, Wrong) as e:
                caught += e.args[0]
            finally:
                final += 1
            try:
                {}["x" if i % 2 else "y"]
            except KeyError:
                caught += 1
        return caught, final
    return work


def sorting():
    people = [(n % 97, "name%05d" % (n % 5000), n) for n in take(1200)]
    items = records(300)

    def work():
        a = sorted(people)
        b = sorted(people, key=lambda p: (p[1], -p[2]))
        c = sorted(items, key=lambda r: r["mail"], reverse=True)
        return a[0], b[-1][2], c[0]["id"], max(people, key=lambda p: p[2])[2]
    return work


def pickling():
    import pickle
    data = [(i, "text %d" % i, i / 3, {"k": [i, None, True], "d": (i, str(i))}) for i in range(250)]
    return lambda: len(pickle.loads(pickle.dumps(data, 4))) + pickle.loads(pickle.dumps(data, 4))[-1][0]


def sqlite():
    import sqlite3
    db = sqlite3.connect(":memory:")
    db.execute("create table t (id integer primary key, name text, n integer)")
    rows = [("name %d" % (i % 50), i) for i in range(300)]

    def work():
        with db:
            db.execute("delete from t")
            db.executemany("insert into t (name, n) values (?, ?)", rows)
        total = 0
        for name, n in db.execute("select name, sum(n) from t group by name order by name"):
            total += n + len(name)
        for i in range(0, 300, 6):
            total += len(db.execute("select id, name, n from t where n >= ? limit 5", (i,)).fetchall())
        return total
    return work


def dates():
    import datetime
    zone = datetime.timezone(datetime.timedelta(hours=-5))
    stamps = ["2026-%02d-%02dT%02d:%02d:09" % (i % 12 + 1, i % 28 + 1, i % 24, i % 60) for i in range(150)]

    def work():
        day, total = datetime.timedelta(days=1, minutes=5), 0
        for s in stamps:
            t = datetime.datetime.fromisoformat(s).replace(tzinfo=zone) + day
            total += t.toordinal() + len(t.isoformat()) + int(t.strftime("%j")) + t.weekday()
        for s in stamps[:15]:
            total += datetime.datetime.strptime(s, "%Y-%m-%dT%H:%M:%S").minute
        return total
    return work


def templates():
    import html
    import string
    page = string.Template('<li class="$kind"><a href="/u/$id">$name</a> $note</li>')
    rows = [dict(r, kind="odd" if r["id"] % 2 else "even", note='<b> & "quotes"') for r in records(120)]

    def work():
        parts = ["<ul>"]
        for r in rows:
            safe = {k: html.escape(str(v)) for k, v in r.items() if k in ("id", "name", "kind", "note")}
            parts.append(page.substitute(safe))
        return len("".join(parts))
    return work


def tables():
    import csv
    import io
    rows = [[str(r["id"]), r["name"], r["mail"], 'say "%s", twice' % r["score"], ""] for r in records(250)]

    def work():
        out = io.StringIO()
        csv.writer(out).writerows(rows)
        out.seek(0)
        total = 0
        for r in csv.DictReader(out, fieldnames=("id", "name", "mail", "text", "empty")):
            total += int(r["id"]) + len(r["text"])
        return total
    return work


def memory_imports():
    import argparse, collections, csv, datetime, decimal, email.message, functools, html, http.client, io, json  # noqa
    import logging.config, os, pathlib, re, socket, string, subprocess, tempfile, threading, typing, urllib.parse, uuid  # noqa
    return None


def memory_data():
    class Row:
        def __init__(self, n):
            self.n, self.name, self.tags = n, "row %d" % n, [n]

    kept = [Row(n) for n in range(40000)], records(8000), {"key %d" % n: (n, float(n)) for n in range(40000)}
    return lambda: kept


# Benchmarks in the order of a report, with the modules that a build may lack.
BENCHMARKS = {
    "calls": (calls, ""), "classes": (classes, ""), "containers": (containers, ""), "strings": (strings, ""),
    "generators": (generators, ""), "exceptions": (exceptions, ""), "sorting": (sorting, ""), "nbody": (nbody, ""),
    "pidigits": (pidigits, ""), "json_dumps": (json_dumps, "json"), "json_loads": (json_loads, "json"),
    "regex": (regex, "re"), "pickle": (pickling, "pickle"), "datetime": (dates, "datetime"),
    "template": (templates, "string html"), "csv": (tables, "csv"), "sqlite": (sqlite, "sqlite3"),
}
MEMORY = {"memory_imports": (memory_imports, "json socket decimal"), "memory_data": (memory_data, "")}


def lacks(modules):
    import importlib
    for name in modules.split():
        try:
            importlib.import_module(name)
        except Exception as e:
            return "%s: %s" % (type(e).__name__, " ".join(str(e).split()))
    return ""


def about():
    import platform
    import sysconfig
    args = sysconfig.get_config_var("CONFIG_ARGS") or ""
    kinds = []
    if sysconfig.get_config_var("Py_DEBUG"):
        kinds.append("debug")
    if "--enable-optimizations" in args:
        kinds.append("pgo")
    if "--with-lto" in args:
        kinds.append("lto")
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        kinds.append("free-threaded")
    if "--enable-experimental-jit" in args:
        kinds.append("jit")
    return {
        "version": platform.python_version(), "implementation": platform.python_implementation(), "build": kinds,
        "compiler": platform.python_compiler(), "executable": sys.executable,
        "benchmarks": [{"name": n, "lacks": lacks(m)} for n, (_, m) in BENCHMARKS.items()],
        "memory": [{"name": n, "lacks": lacks(m)} for n, (_, m) in MEMORY.items()],
    }


def peak():
    """The peak of this process in bytes.

    ru_maxrss begins, on Linux, with the size of the program that started this one; VmHWM is of this program alone.
    """
    try:
        with open("/proc/self/status") as f:
            for line in f:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        import resource
    except ImportError:
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def timed(work, loops):
    """Seconds of processor time: a neighbour that takes the core away is not counted as slowness."""
    import gc
    from time import process_time
    again = range(loops)
    gc.collect()
    start = process_time()
    for _ in again:
        work()
    return process_time() - start


def calibrate(name, seconds):
    work = BENCHMARKS[name][0]()
    timed(work, 1)
    loops = 1
    while True:
        took = timed(work, loops)
        if took >= seconds / 2:
            return {"loops": max(1, round(loops * seconds / took))}
        loops = loops * 2 if took < seconds / 16 else round(loops * seconds / took) + 1


def run(name, loops, values):
    work = BENCHMARKS[name][0]()
    result = repr(work())
    timed(work, loops)  # warm: caches, and the bytecode that adapts to its types
    took = [timed(work, loops) / loops for _ in range(values)]
    return {"values": took, "peak": peak(), "result": result[:200]}


def memory(name):
    kept = MEMORY[name][0]()
    return {"values": [peak()], "peak": peak(), "result": "" if kept is None else str(len(kept()))}


def main(args):
    job = {"about": about, "calibrate": lambda n, s: calibrate(n, float(s)),
           "run": lambda n, loops, values: run(n, int(loops), int(values)), "memory": memory}[args[0]](*args[1:])
    import json
    print(json.dumps(job))


main(sys.argv[1:])
