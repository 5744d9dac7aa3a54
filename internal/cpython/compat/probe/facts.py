# What the interpreter is, and what is installed for it.
import importlib.machinery
import importlib.metadata
import platform
import re
import sysconfig

SUFFIXES = importlib.machinery.EXTENSION_SUFFIXES
# Distributions put these beside their packages by mistake.
STRAY = {"tests", "test", "testing", "docs", "doc", "examples", "example", "benchmarks", "setup", "conftest", "scripts"}


def stdlib():
    known = getattr(sys, "stdlib_module_names", None)  # 3.10
    if known is not None:
        return sorted(known)
    names = set(sys.builtin_module_names)
    top = sysconfig.get_path("stdlib")
    for place in (top, os.path.join(top, "lib-dynload")):
        for entry in os.listdir(place) if os.path.isdir(place) else ():
            name = entry.split(".")[0]
            if name.isidentifier() and (entry.endswith((".py", ".so")) or os.path.isfile(os.path.join(place, entry, "__init__.py"))):
                names.add(name)
    return sorted(names)


def paths(record):
    """The files of a RECORD; csv is only needed for names that are quoted."""
    for line in record.splitlines():
        if line.startswith('"'):
            yield line[1:].split('",')[0].replace('""', '"')
        else:
            yield line.split(",")[0]


def modules(files):
    """What can be imported: modules, and the packages that are in no other one."""
    single, packages = set(), set()
    for path in files:
        parts = path.split("/")
        stem, suffix = parts[-1].split(".")[0], parts[-1][parts[-1].find("."):]
        if not all(one.isidentifier() for one in parts[:-1] + [stem]):
            continue
        if suffix != ".py" and suffix not in SUFFIXES:
            continue
        if stem == "__init__" and len(parts) > 1:
            packages.add(tuple(parts[:-1]))
        elif len(parts) == 1:
            single.add((stem,))
    top = {one for one in packages if not any(one[:n] in packages for n in range(1, len(one)))}
    found = {".".join(one) for one in top | single}
    return sorted({one for one in found if one not in STRAY} or found)


def one(dist):
    name, version = dist.metadata["Name"], dist.metadata["Version"]
    if not name or not version:
        return None
    home = str(dist.locate_file(""))
    files = list(paths(dist.read_text("RECORD") or ""))
    found = modules(files)
    top = (dist.read_text("top_level.txt") or "").split()
    if top:
        known = [m for m in found if m.split(".")[0] in top]
        found = known or sorted(m for m in top if m.isidentifier() and m not in STRAY)
    direct = None
    try:
        direct = json.loads(dist.read_text("direct_url.json") or "{}").get("url")
    except Exception:
        pass
    return {"name": name, "version": str(version), "home": home, "modules": found, "url": direct,
            "requires_python": dist.metadata["Requires-Python"],
            "extensions": [os.path.normpath(os.path.join(home, f)) for f in files if f.endswith(".so")]}


def distributions():
    seen = set()
    for dist in importlib.metadata.distributions():
        try:
            found = one(dist)
        except Exception:  # half removed, or not readable
            continue
        if found is None:
            continue
        key = re.sub(r"[-_.]+", "-", found["name"]).lower()
        if key not in seen:  # the first in the path is the one that is imported
            seen.add(key)
            yield found


tell(version=platform.python_version(), info=list(sys.version_info[:3]), implementation=sys.implementation.name,
     executable=os.path.realpath(sys.executable), prefix=sys.prefix,
     suffixes=SUFFIXES, soabi=sysconfig.get_config_var("SOABI") or "",
     debug=bool(sysconfig.get_config_var("Py_DEBUG")), free_threaded=bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
     sites=[p for p in sys.path if os.path.basename(p) in ("site-packages", "dist-packages") and os.path.isdir(p)],
     stdlib=stdlib(), distributions=list(distributions()))
done()
