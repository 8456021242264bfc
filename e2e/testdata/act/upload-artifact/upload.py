"""Stands in for actions/upload-artifact: which files, and under which paths.

A folder goes with all below it but what begins with a dot. The artifact's root
is the folder that was named, the folder of the one file that was named, the
part of the one pattern before its first wildcard, or the least common ancestor
of all lines. A name that is there already is refused.
"""

import glob
import os
import re
import shutil
import sys


def fixed_part(line):
    """The folders of a line before the first with a wildcard, absolute."""
    kept = []
    for part in os.path.abspath(line).split(os.sep):
        if re.search(r"[*?\[]", part):
            break
        kept.append(part)
    return os.sep.join(kept) or os.sep


def below(path):
    """The files at or below path, none of them hidden."""
    if os.path.basename(path).startswith("."):
        return
    if os.path.isfile(path):
        yield path
    elif os.path.isdir(path):
        for name in sorted(os.listdir(path)):
            yield from below(os.path.join(path, name))


def main():
    lines = [line.strip() for line in os.environ["SEARCH"].splitlines() if line.strip()]
    starts = [fixed_part(line) for line in lines]
    files = set()
    for line in lines:
        for found in glob.glob(os.path.abspath(line), recursive=True):
            files.update(below(found))
    if not files:
        if os.environ["NO_FILES"] == "error":
            sys.exit("::error::No files were found with the provided path: " + ", ".join(lines))
        return
    if len(starts) > 1:
        root = os.path.commonpath(starts)
    elif files == {starts[0]}:
        root = os.path.dirname(starts[0])
    else:
        root = starts[0]
    name = os.environ["NAME"]
    if re.search(r'["<>:|*?\\/\r\n]', name):
        sys.exit("::error::The artifact name is not valid: " + name)
    target = os.path.join(os.environ["STAND_IN_ARTIFACTS"], name)
    try:
        os.mkdir(target)
    except FileExistsError:
        sys.exit("::error::Conflict: an artifact with this name already exists: " + name)
    for path in sorted(files):
        to = os.path.join(target, os.path.relpath(path, root))
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copyfile(path, to)
        print(os.path.relpath(path, root))


main()
