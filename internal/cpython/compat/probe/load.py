# Imports modules and loads extensions of one distribution, in order. Each is
# announced first, so that the one which ends the process is known.
import importlib
import traceback
import warnings

warnings.simplefilter("ignore")


def place(error):
    """Where it was raised, outside of the import system."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith("<")]
    return "%s:%d" % (frames[-1].filename, frames[-1].lineno) if len(frames) > 1 else ""


def text(error):
    try:
        return str(error)
    except BaseException:
        return "it cannot say why"


for name in ASK["modules"] or []:
    tell(begin=name)
    try:
        importlib.import_module(name)
    except BaseException as error:
        tell(name=name, kind=type(error).__name__, text=text(error)[:2000], where=place(error),
             missing=getattr(error, "name", None) if isinstance(error, ModuleNotFoundError) else None)
    else:
        tell(name=name)
if ASK["extensions"]:
    try:
        import ctypes
    except ImportError as error:
        tell(name="ctypes", kind="ImportError", text=text(error))
    else:
        for path in ASK["extensions"]:
            tell(begin=path)
            try:
                # What an import does first; the packages that preload a library
                # have done so by now.
                ctypes.CDLL(path, mode=sys.getdlopenflags())
            except OSError as error:
                tell(name=path, kind="OSError", text=text(error)[:2000])
            else:
                tell(name=path)
done()
