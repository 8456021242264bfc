# What is installed in this virtual environment itself, not in one beneath it.
import json
import os
import sys
from importlib import metadata

home = os.path.realpath(sys.prefix) + os.sep
found = {}
for one in metadata.distributions():
    try:
        name, version = one.metadata["Name"], one.version
        at = os.path.realpath(str(one.locate_file(""))) + os.sep
    except Exception:  # half a distribution: an installer was killed
        continue
    if name and version and at.startswith(home):
        found.setdefault(name, version)
sys.stdout.write("\nwheelhouse-installed:" + json.dumps(found) + "\n")
