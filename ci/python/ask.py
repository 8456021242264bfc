# The helper: says what this interpreter is, then judges one question. Every
# line that counts begins with MARK; start-up files may have printed others.
import sys

MARK = "wheelhouse-oracle:"


def supported(tags):
    """As pip has them: sys_tags of old packaging lacks cp311-none-any."""
    name = tags.interpreter_name()
    if name != "cp":
        return list(tags.sys_tags())
    interpreter = name + tags.interpreter_version()
    return list(tags.cpython_tags()) + list(tags.compatible_tags(interpreter=interpreter))


def say(answer):
    sys.stdout.write(MARK + json.dumps(answer) + "\n")
    sys.stdout.flush()


try:
    import glob
    import json
    import os
    import platform
    import re
    import sysconfig
except ImportError as missing:
    sys.stdout.write(MARK + '{"missing": "%s"}\n' % missing.name)
    sys.stdout.flush()
    sys.exit(0)


def bundled():
    """The pip wheel that ensurepip carries; Debian keeps it elsewhere."""
    places = [os.path.join(os.path.dirname(os.__file__), "ensurepip", "_bundled"),
              sysconfig.get_config_var("WHEEL_PKG_DIR") or "", "/usr/share/python-wheels"]
    for place in places:
        wheels = glob.glob(os.path.join(glob.escape(place), "pip-*.whl")) if os.path.isabs(place) else []
        if wheels:
            return sorted(wheels)[-1]
    return ""


def load(wheel):
    """Version and runner of the interpreter's own pip ("" for none), with pip or the wheel importable."""
    try:
        import pip._vendor.packaging
        runner = os.path.join(os.path.dirname(pip.__file__ or ""), "__pip-runner__.py")
        return str(getattr(pip, "__version__", "")), runner if os.path.isfile(runner) else ""
    except ImportError:
        for name in [n for n in sys.modules if n == "pip" or n.startswith("pip.")]:
            del sys.modules[name]
    if not wheel:
        say({"error": "no-pip"})
        sys.exit(0)
    sys.path.insert(0, wheel)
    return "", ""


def glibc():
    try:
        name, number = os.confstr("CS_GNU_LIBC_VERSION").split()
        return number if name == "glibc" else ""
    except (AttributeError, OSError, TypeError, ValueError):
        return ""


def environment():
    wheel = bundled()
    version, runner = load(wheel)
    try:
        from pip._vendor.packaging import markers, tags
    except ImportError:  # pip before 20
        say({"error": "old-pip"})
        sys.exit(0)
    said = markers.default_environment()
    return {"version": platform.python_version(),
            "tags": [str(tag) for tag in supported(tags)],
            "markers": {k: v for k, v in said.items() if isinstance(v, str)},
            "pip": version, "pip_runner": runner, "ensurepip": wheel, "glibc": glibc(),
            "platform": re.sub("[-.]", "_", sysconfig.get_platform())}


def normal(name):
    return re.sub("[-_.]+", "-", name).lower()


def mentions_extra(parsed):
    """Normalises the extras that a parsed marker compares with; tells whether there are any."""
    if isinstance(parsed, list):
        return any([mentions_extra(part) for part in parsed])
    if not isinstance(parsed, tuple):
        return False
    left, _, right = parsed
    for variable, value in ((left, right), (right, left)):
        if type(variable).__name__ == "Variable" and str(variable.value) == "extra":
            if type(value).__name__ == "Value":
                value.value = normal(str(value.value))
            return True
    return False


def reason(error):
    return " ".join((str(error) or type(error).__name__).split())[:500]


class Judge:
    def __init__(self, question):
        from pip._vendor.packaging import requirements, specifiers
        self.Requirement, self.SpecifierSet = requirements.Requirement, specifiers.SpecifierSet
        self.versions = question.get("versions") or {}
        self.lines = question.get("lines") or []
        self.parsed, self.satisfied, self.values = {}, {}, {}
        self.asked = {}
        for line in self.lines:
            requirement = self.parse(line["text"])[0]
            if requirement is not None and requirement.extras:
                asked = self.asked.setdefault(normal(requirement.name), set())
                asked.update(normal(extra) for extra in requirement.extras)

    def parse(self, text):
        """(requirement, whether its marker mentions extras, error), once for each text."""
        if text not in self.parsed:
            try:
                requirement = self.Requirement(text)
                extra = bool(requirement.marker) and mentions_extra(requirement.marker._markers)
                self.parsed[text] = requirement, extra, ""
            except Exception as error:
                self.parsed[text] = None, False, reason(error)
        return self.parsed[text]

    def value(self, text, extra):
        """The marker's value with one extra, once for each text and extra."""
        if (text, extra) not in self.values:
            self.values[text, extra] = bool(self.parsed[text][0].marker.evaluate({"extra": extra}))
        return self.values[text, extra]

    def applies(self, owner, text):
        requirement, extra, _ = self.parsed[text]
        asked = [""] + sorted(self.asked.get(normal(owner), ())) if owner else [""]
        if not requirement.marker:
            return dict.fromkeys(asked, True)
        return {name: self.value(text, name if extra else "") for name in asked}

    def takes(self, specifier, version):
        try:
            return bool(specifier.contains(version, prereleases=True))
        except Exception:
            # Not PEP 440: only "any" and "exactly this text" take it.
            wanted = str(specifier)
            return not wanted or wanted == "===" + version

    def judge(self, line):
        text = line["text"]
        requirement, _, error = self.parse(text)
        if error:
            return {"error": error}
        project = normal(requirement.name)
        if text not in self.satisfied:
            self.satisfied[text] = [v for v in self.versions.get(project) or ()
                                    if requirement.url or self.takes(requirement.specifier, v)]
        said = {"error": "", "project": project, "specifier": str(requirement.specifier),
                "extras": sorted(set(normal(extra) for extra in requirement.extras)),
                "url": requirement.url or "", "satisfied": self.satisfied[text]}
        try:
            said["applies"] = self.applies(line["owner"], text)
        except Exception as error:
            said["error"] = "marker: " + reason(error)
        return said

    def requires_python(self, text):
        try:
            return bool(self.SpecifierSet(text).contains(".".join(map(str, sys.version_info[:3])), prereleases=True))
        except Exception:
            return True  # as pip does


def main():
    say(environment())
    from pip._vendor.packaging import requirements  # slow, while the caller does other things
    line = sys.stdin.buffer.readline()
    if line:
        question = json.loads(line)
        judge = Judge(question)
        say({"judgements": [judge.judge(line) for line in judge.lines],
             "requires_python": {text: judge.requires_python(text) for text in question.get("requires_python") or ()}})


main()
os._exit(0)  # everything is flushed; taking the interpreter down takes time
