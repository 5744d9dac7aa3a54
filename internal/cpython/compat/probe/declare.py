# What pyproject.toml and setup.cfg declare, as the lines that stand in them.
import configparser

MAIN, OPTIONAL = False, True


def say(file, raw, optional, plain=False):
    tell(file=file, raw=str(raw), optional=optional, plain=plain)


def strings(value):
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def table(value, *keys):
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def poetry(found, optional):
    for name, value in found.items():
        if name.lower() != "python":
            say("pyproject.toml", name, optional or isinstance(value, dict) and bool(value.get("optional")), True)


def pyproject(text):
    try:
        import tomllib as toml
    except ImportError:
        toml = vendored("tomli")
    if toml is None:
        tell(file="pyproject.toml", problem="this Python has no reader of TOML: pip, or tomli, brings one")
        return
    data = toml.loads(text)
    project = table(data, "project")
    for raw in strings(project.get("dependencies")):
        say("pyproject.toml", raw, MAIN)
    for group in table(project, "optional-dependencies").values():
        for raw in strings(group):
            say("pyproject.toml", raw, OPTIONAL)
    for group in table(data, "dependency-groups").values():
        for raw in strings(group):
            say("pyproject.toml", raw, OPTIONAL)
    poetry(table(data, "tool", "poetry", "dependencies"), MAIN)
    poetry(table(data, "tool", "poetry", "dev-dependencies"), OPTIONAL)
    for group in table(data, "tool", "poetry", "group").values():
        poetry(table(group, "dependencies"), OPTIONAL)
    files = table(data, "tool", "setuptools", "dynamic", "dependencies").get("file", [])
    for name in [files] if isinstance(files, str) else strings(files):
        tell(include=name)


def setup_cfg(text):
    config = configparser.RawConfigParser(strict=False)
    config.read_string(text)
    if config.has_option("options", "install_requires"):
        value = config.get("options", "install_requires")
        if value.strip().startswith("file:"):
            for name in value.strip()[len("file:"):].replace("\n", ",").split(","):
                if name.strip():
                    tell(include=name.strip())
        else:
            # Without a line break it is a list with semicolons, as setuptools reads it.
            for raw in value.splitlines() if "\n" in value else value.split(";"):
                if raw.strip() and not raw.strip().startswith("#"):
                    say("setup.cfg", raw.strip(), MAIN)
    if config.has_section("options.extras_require"):
        for _, value in config.items("options.extras_require"):
            for raw in value.splitlines():
                if raw.strip() and not raw.strip().startswith(("#", "file:")):
                    say("setup.cfg", raw.strip(), OPTIONAL)


for name, read in (("pyproject.toml", pyproject), ("setup.cfg", setup_cfg)):
    if name in ASK:
        try:
            read(ASK[name])
        except Exception as error:
            tell(file=name, problem="%s: %s" % (type(error).__name__, error))
done()
