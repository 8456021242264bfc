"""Asks this interpreter's pip for each job on standard input: would it install this?

Starting pip takes longer than resolving a few wheels, so that it is started
once: the first job runs in this process, and every job in a fork of it, two at
once. What pip calls itself to an index costs three programs, and there is none.
"""

import gc
import json
import os
import sys

import pip._internal.cli.main
import pip._internal.commands.install
import pip._internal.resolution.resolvelib.factory
import pip._internal.resolution.resolvelib.resolver
import pip._internal.index.collector  # noqa: F401
import pip._internal.network.session

pip._internal.network.session.user_agent = lambda: "pip"


def ask(job):
    said = os.open(job["said"], os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o644)
    os.dup2(said, 1)
    os.dup2(said, 2)
    os.close(said)
    status = pip._internal.cli.main.main(job["args"])
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def warm(job):
    """Loads what pip loads late, leaving the answer to the fork."""
    kept = os.dup(1), os.dup(2)
    ask(job)
    for number, fd in enumerate(kept, 1):
        os.dup2(fd, number)
        os.close(fd)


def run(job):
    pid = os.fork()
    if pid:
        return pid
    status = 99
    try:
        status = ask(job)
    finally:
        os._exit(status)


def wait(running, answers):
    pid, status = os.wait()
    answers[running.pop(pid)] = os.waitstatus_to_exitcode(status)


running, answers, jobs = {}, {}, json.load(sys.stdin)
if jobs:
    warm(jobs[0])
gc.freeze()  # forks share what is there
for job in jobs:
    running[run(job)] = job["name"]
    if len(running) == 2:
        wait(running, answers)
while running:
    wait(running, answers)
json.dump(answers, sys.stdout)
