import glob
import importlib
import sysconfig


def vendored(name):
    """A module of packaging or tomli: as it is installed, as pip brings it, or
    from the wheel of pip that the interpreter keeps for new environments."""
    def first():
        for one in (name, "pip._vendor." + name):
            try:
                return importlib.import_module(one)
            except Exception:
                pass
        return None

    found = first()
    if found is not None:
        return found
    places = [sysconfig.get_config_var("WHEEL_PKG_DIR")]
    stdlib = sysconfig.get_path("stdlib")
    if stdlib:
        places.append(os.path.join(stdlib, "ensurepip", "_bundled"))
    for place in places:
        for wheel in sorted(glob.glob(os.path.join(place or "/nonexistent", "pip-*.whl"))):
            sys.path.append(wheel)
            importlib.invalidate_caches()
            found = first()
            if found is not None:
                return found
            sys.path.remove(wheel)
    return None


