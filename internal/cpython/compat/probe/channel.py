# The first part of every probe. It reads the question, one JSON document, from
# standard input, and answers in lines of JSON on a channel of its own: what a
# module prints goes to standard error and cannot spoil an answer.
import fcntl
import json
import os
import sys

ASK = json.loads(sys.stdin.buffer.read().decode("utf-8", "surrogateescape"))
# Out of reach of modules that close "all" files; programs do not inherit it.
_OUT = os.fdopen(fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 100), "w", encoding="ascii")
os.dup2(2, 1)
_NULL = os.open(os.devnull, os.O_RDONLY)
os.dup2(_NULL, 0)
os.close(_NULL)
_PID = os.getpid()
_dumps, _write, _flush, _exit, _getpid = json.dumps, _OUT.write, _OUT.flush, os._exit, os.getpid


def tell(**line):
    """Says one line. A child that a module forked has nothing to say."""
    if _getpid() == _PID:
        _write(_dumps(line) + "\n")
        _flush()


def done():
    """Ends at once: threads and exit handlers of modules are not waited for."""
    tell(done=True)
    _exit(0)


