# Compiles files in memory and finds what they use of the standard library.
import ast
import warnings

NAME = "<source of the project>"
TARGET = tuple(ASK["target"]) + ("final", 0)
MODULES, NAMES, METHODS = (set(ASK[key] or []) for key in ("modules", "names", "methods"))
CATCH = {"ImportError", "ModuleNotFoundError", "AttributeError", "Exception", "BaseException"}


def dotted(node):
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id] + parts[::-1]) if isinstance(node, ast.Name) else None


def holds(test):
    """Whether a condition on the version holds for the target; None: unknown."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = holds(test.operand)
        return None if inner is None else not inner
    name = dotted(test) or ""
    if name.split(".")[-1] in ("PY2", "PY3"):
        return name.endswith("3")
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return None
    left = test.left
    key = None
    if isinstance(left, ast.Subscript):
        try:
            key = ast.literal_eval(left.slice.value if hasattr(left.slice, "value") and not isinstance(left.slice, ast.Constant) else left.slice)
        except Exception:
            if not isinstance(left.slice, ast.Slice) or left.slice.lower is not None or left.slice.step is not None:
                return None
            try:
                key = slice(ast.literal_eval(left.slice.upper))
            except Exception:
                return None
        left = left.value
    if dotted(left) not in ("sys.version_info", "version_info"):
        return None
    try:
        other = ast.literal_eval(test.comparators[0])
        mine = TARGET if key is None else TARGET[key]
        op = type(test.ops[0])
        return {ast.Lt: lambda: mine < other, ast.LtE: lambda: mine <= other, ast.Gt: lambda: mine > other,
                ast.GtE: lambda: mine >= other, ast.Eq: lambda: mine == other, ast.NotEq: lambda: mine != other}[op]()
    except Exception:
        return None


class Uses(ast.NodeVisitor):
    def __init__(self, tree):
        self.guard, self.alias, self.found = False, {}, []
        self.own = set()
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self.own.add(node.name)
            elif isinstance(node, ast.Import):
                for one in node.names:
                    top = one.name.split(".")[0]
                    self.alias[one.asname or top] = one.name if one.asname else top
            elif isinstance(node, ast.ImportFrom) and not node.level:
                for one in node.names:
                    self.alias[one.asname or one.name] = "%s.%s" % (node.module, one.name)

    def note(self, kind, node, name):
        self.found.append({"kind": kind, "line": node.lineno, "name": name, "guarded": self.guard})

    def module(self, node, name):
        parts = name.split(".")
        for n in range(len(parts), 0, -1):
            if ".".join(parts[:n]) in MODULES:
                return self.note("module", node, ".".join(parts[:n]))

    def each(self, nodes, guard=False):
        before, self.guard = self.guard, self.guard or guard
        for one in nodes:
            self.visit(one)
        self.guard = before

    def visit_Try(self, node):
        kinds = [one for h in node.handlers for one in (h.type.elts if isinstance(h.type, ast.Tuple) else [h.type])]
        guard = any(one is None or (dotted(one) or "").split(".")[-1] in CATCH for one in kinds)
        self.each(node.body, guard)
        self.each(node.handlers, guard)
        self.each(node.orelse)
        self.each(node.finalbody)

    def visit_With(self, node):
        suppressed = any(isinstance(i.context_expr, ast.Call) and (dotted(i.context_expr.func) or "").endswith("suppress")
                         and any((dotted(a) or "") in CATCH for a in i.context_expr.args) for i in node.items)
        self.each(node.items)
        self.each(node.body, suppressed)

    def visit_If(self, node):
        self.visit(node.test)
        verdict = holds(node.test)
        typing = (dotted(node.test) or "").endswith("TYPE_CHECKING") or any(
            isinstance(one, ast.Call) and dotted(one.func) == "hasattr" for one in ast.walk(node.test))
        if verdict is not False:
            self.each(node.body, typing)
        if verdict is not True:
            self.each(node.orelse)

    def visit_Import(self, node):
        for one in node.names:
            self.module(node, one.name)

    def visit_ImportFrom(self, node):
        if node.level or not node.module:
            return
        for one in node.names:
            full = "%s.%s" % (node.module, one.name)
            if full in NAMES:
                self.note("name", node, full)
        if not any("%s.%s" % (node.module, one.name) in MODULES and self.module(node, "%s.%s" % (node.module, one.name)) is None
                   for one in node.names):
            self.module(node, node.module)

    def visit_Call(self, node):
        name = dotted(node.func)
        if name in ("__import__", "importlib.import_module", "import_module") and node.args:
            first = node.args[0]
            value = first.value if isinstance(first, ast.Constant) else None
            if isinstance(value, str):
                self.module(node, value)
        self.generic_visit(node)

    def visit_Attribute(self, node):
        name = dotted(node)
        if name:
            root, _, rest = name.partition(".")
            full = "%s.%s" % (self.alias[root], rest) if root in self.alias else name
            if root in self.alias and full in NAMES:
                self.note("name", node, full)
            if root in ("self", "cls") and rest in METHODS and rest not in self.own:
                self.note("method", node, rest)
        elif isinstance(node.value, ast.Call) and dotted(node.value.func) == "super" and node.attr in METHODS:
            self.note("method", node, node.attr)
        self.generic_visit(node)


def scan(number, path):
    line = {"file": number, "found": [], "warnings": []}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with open(os.fsencode(path), "rb") as file:
                source = file.read()
            tree = ast.parse(source, NAME)
            # The whole way: some is said by the parser, some by the compiler.
            compile(tree, NAME, "exec", dont_inherit=True)
            uses = Uses(tree)
            uses.visit(tree)
            line["found"] = uses.found
        except OSError as error:
            line["unread"] = error.strerror or str(error)
        except SyntaxError as error:
            line["error"], line["line"] = "%s: %s" % (type(error).__name__, error.msg), error.lineno or 0
        except (ValueError, RecursionError, MemoryError, OverflowError) as error:
            line["error"], line["line"] = "%s: %s" % (type(error).__name__, error), 0
    said = set()
    for one in caught:
        key = (one.lineno, str(one.message))
        if one.filename == NAME and key not in said and issubclass(one.category, (SyntaxWarning, DeprecationWarning, PendingDeprecationWarning, FutureWarning)):
            said.add(key)
            line["warnings"].append({"line": one.lineno, "kind": one.category.__name__, "text": str(one.message)})
    tell(**line)


for number, path in enumerate(ASK["files"] or []):
    tell(begin=str(number))
    scan(number, path)
done()
