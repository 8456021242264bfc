#!/bin/sh
# dispatch_and_fetch.sh: starts a workflow on a branch or tag, waits for the run
# that comes of it, brings its wheelhouse to OUTDIR/run-<run id>/ and prints
# that folder.
#
#	dispatch_and_fetch.sh OWNER/REPO WORKFLOW [REF [ARTIFACT [OUTDIR]]]
#
# Defaults: main, wheelhouse-3.11, ci_artifacts. Over `mage dispatch`.
# Exit status: 1 not started, the run not found or not successful, 2 not
# finished or usage, 3 download failed, else the target's.
. "$(dirname -- "$0")/targets.sh"

case ${1-} in
-h | --help) manual && exit ;;
-*) wrong "unknown argument $1" ;;
esac
[ $# -ge 2 ] && [ $# -le 5 ] || wrong "it takes two to five arguments"
run dispatch -repo="$1" -workflow="$2" -ref="${3:-main}" -artifact="${4:-wheelhouse-3.11}" -outdir="${5:-ci_artifacts}"
cat "$results"
[ "$status" = 0 ] && exit
said timed-out && exit 2
said artifact-missing artifact-expired transfer-failed digest-mismatch size-mismatch no-tarball && exit 3
# Of what could not be done here, all but the folder is about the start.
said token-missing token-refused rate-limited api-failed api-unreachable api-answer run-not-found dispatch-unclear && exit 1
exit "$status"
