"""A stand-in for pytest in tests that run without a network."""
import importlib
import importlib.util
import inspect
import os
import re
import shlex
import sys
import time
import traceback
from xml.sax.saxutils import escape, quoteattr

__version__ = "8.0.0"


class Skipped(BaseException):
    def __init__(self, reason=""):
        super().__init__(reason)
        self.reason = reason


class Failed(AssertionError):
    pass


def skip(reason="", allow_module_level=False):
    raise Skipped(reason)


def fail(reason="", pytrace=True):
    raise Failed(reason)


def importorskip(name, *args, **kwargs):
    try:
        return importlib.import_module(name)
    except ImportError as err:
        raise Skipped("could not import %r: %s" % (name, err))


class raises:
    def __init__(self, expected, match=None):
        self.expected, self.match = expected, match

    def __enter__(self):
        return self

    def __exit__(self, kind, value, _):
        if kind is None:
            raise Failed("DID NOT RAISE %r" % (self.expected,))
        if not issubclass(kind, self.expected):
            return False
        self.value = value
        if self.match and not re.search(self.match, str(value)):
            raise Failed("pattern %r not found in %r" % (self.match, str(value)))
        return True


class _Mark:
    def __getattr__(self, name):
        def mark(*args, **kwargs):
            if len(args) == 1 and not kwargs and callable(args[0]):
                return args[0]
            return lambda function: function
        return mark


mark = _Mark()

VALUED = {"-k": "keyword", "-p": "plugin", "-o": "override", "-c": "config", "-W": "warning",
          "--junitxml": "junit", "--junit-xml": "junit", "--rootdir": "rootdir", "--tb": "tb",
          "--color": "color", "--override-ini": "override", "--import-mode": "mode", "--confcutdir": "cut"}
FLAGS = {"-q", "-qq", "-v", "-vv", "-x", "-s", "-ra", "-rs", "--quiet", "--verbose", "--collect-only",
         "--strict-markers", "--no-header", "--no-summary", "--disable-warnings", "--exitfirst"}


def _arguments(words):
    options, flags, paths = {}, set(), []
    words = list(words)
    while words:
        word = words.pop(0)
        long, equals, value = word.partition("=")
        if word.startswith("--") and equals and long in VALUED:
            options[VALUED[long]] = value
        elif word in VALUED:
            if not words:
                raise ValueError("argument %s: expected one argument" % word)
            options[VALUED[word]] = words.pop(0)
        elif word[:2] in VALUED and not word.startswith("--"):
            options[VALUED[word[:2]]] = word[2:]
        elif word in FLAGS:
            flags.add(word)
        elif word.startswith("-"):
            raise ValueError("unrecognized arguments: %s" % word)
        elif not os.path.exists(word):
            raise ValueError("file or directory not found: %s" % word)
        else:
            paths.append(word)
    return options, flags, paths or ["."]


def _files(paths):
    for path in paths:
        if os.path.isfile(path):
            yield path
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in ("venv", "node_modules")
                                and not os.path.exists(os.path.join(folder, f, "pyvenv.cfg")))
            for name in sorted(names):
                if name.startswith("test_") and name.endswith(".py"):
                    yield os.path.join(folder, name)


def _collect(path):
    """Gives (module, name, callable) for each test in one file."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    name = os.path.basename(path)[:-3]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    for key, value in list(vars(module).items()):
        if key.startswith("test_") and inspect.isfunction(value):
            yield name, key, value
        elif key.startswith("Test") and inspect.isclass(value):
            for method in vars(value):
                if method.startswith("test_"):
                    yield name + "." + key, method, (lambda c=value, m=method: getattr(c(), m)())


def _selected(expression, words):
    """Tells whether a -k expression takes a test that goes by these words."""
    if not expression:
        return True
    text = " ".join(words).lower()

    def replace(match):
        word = match.group(0)
        return word if word in ("and", "or", "not") else str(word.lower() in text)
    return bool(eval(re.sub(r"[^\s()]+", replace, expression), {}))


def _run(function):
    try:
        function()
    except Skipped as err:
        return "skipped", err.reason
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:
        return "failure", traceback.format_exc()
    return "passed", ""


def _junit(path, results, seconds):
    count = lambda kind: sum(1 for r in results if r[2] == kind)
    lines = ['<?xml version="1.0" encoding="utf-8"?>', "<testsuites>",
             '<testsuite name="pytest" errors="%d" failures="%d" skipped="%d" tests="%d" time="%.3f" hostname="localhost">'
             % (count("error"), count("failure"), count("skipped"), len(results), seconds)]
    for module, name, kind, text in results:
        case = "<testcase classname=%s name=%s time=\"0.001\"" % (quoteattr(module), quoteattr(name))
        if kind == "passed":
            lines.append(case + " />")
        else:
            lines.append(case + "><%s message=%s>%s</%s></testcase>" % (kind, quoteattr(text[:200]), escape(text), kind))
    lines += ["</testsuite>", "</testsuites>", ""]
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write("\n".join(lines))


def main(args=None):
    start = time.time()
    words = shlex.split(os.environ.get("PYTEST_ADDOPTS", "")) + list(sys.argv[1:] if args is None else args)
    try:
        options, flags, paths = _arguments(words)
    except ValueError as err:
        print("ERROR: %s" % err, file=sys.stderr)
        return 4
    results, tests, deselected = [], [], 0
    for path in _files(paths):
        try:
            for module, name, function in _collect(path):
                if _selected(options.get("keyword"), (path, module, name)):
                    tests.append((module, name, function))
                else:
                    deselected += 1
        except Skipped as err:
            results.append(("", os.path.basename(path), "skipped", err.reason))
        except Exception:
            results.append(("", os.path.basename(path), "error", traceback.format_exc()))
    broken = [r for r in results if r[2] == "error"]
    if "--collect-only" in flags:
        for module, name, _ in tests:
            print("%s::%s" % (module, name))
        return 0 if tests else 5
    if not broken:
        for module, name, function in tests:
            results.append((module, name) + _run(function))
    if options.get("junit"):
        _junit(options["junit"], results, time.time() - start)
    for module, name, kind, text in results:
        if kind != "passed":
            print("%s %s::%s\n%s" % (kind.upper(), module, name, text))
    print("%s, %d deselected" % (", ".join("%d %s" % (sum(1 for r in results if r[2] == k), k)
                                           for k in ("passed", "failure", "skipped", "error")), deselected))
    if broken:
        return 2
    if any(r[2] == "failure" for r in results):
        return 1
    return 0 if tests else 5
