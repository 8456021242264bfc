"""Asks this interpreter's pip for each job on standard input: would it install this?

Importing pip takes longer than resolving a few wheels, so that it is imported
once and every job is a fork of this process, two at once.
"""

import json
import os
import sys

import pip._internal.cli.main
import pip._internal.commands.install
import pip._internal.resolution.resolvelib.factory
import pip._internal.resolution.resolvelib.resolver
import pip._internal.index.collector  # noqa: F401


def run(job):
    pid = os.fork()
    if pid:
        return pid
    status = 99
    try:
        said = os.open(job["said"], os.O_CREAT | os.O_WRONLY, 0o644)
        os.dup2(said, 1)
        os.dup2(said, 2)
        status = pip._internal.cli.main.main(job["args"])
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


def wait(running, answers):
    pid, status = os.wait()
    answers[running.pop(pid)] = os.waitstatus_to_exitcode(status)


running, answers = {}, {}
for job in json.load(sys.stdin):
    running[run(job)] = job["name"]
    if len(running) == 2:
        wait(running, answers)
while running:
    wait(running, answers)
json.dump(answers, sys.stdout)
