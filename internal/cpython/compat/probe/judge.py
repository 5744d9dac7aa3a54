# What only an interpreter can tell of requirements: whether a marker applies to
# it, and whether a version fits. null is no opinion.
markers, specifiers = vendored("packaging.markers"), vendored("packaging.specifiers")


def applies(text):
    if not text:
        return True
    try:
        return bool(markers.Marker(text).evaluate({"extra": ""}))
    except Exception:
        return None


def fits(spec, version):
    try:
        return bool(specifiers.SpecifierSet(spec).contains(version, prereleases=True))
    except Exception:
        return None


tell(packaging=markers is not None and specifiers is not None,
     markers=[applies(one) for one in ASK["markers"] or []],
     fits=[fits(spec, version) for spec, version in ASK["fits"] or []])
done()
