#!/bin/sh
# fetch_wheelhouse_poll.sh: brings the newest good wheelhouse of a workflow to
# OUTDIR/run-<run id>/ and prints that folder.
#
#	fetch_wheelhouse_poll.sh [--repo OWNER/REPO] [--workflow FILE] [--artifact NAME]
#		[--outdir DIR] [--timeout-min N] [--interval-sec N]
#
# Defaults: this repository, heavy-deps.yml, wheelhouse-3.11, ci_artifacts, 10
# minutes for a run to end, 15 seconds between two looks. Over `mage fetch`.
# Exit status: 2 usage, 3 no runs, 4 timed out, 5 download failed or no such
# artifact, 6 no .tgz in it, else the target's.
. "$(dirname -- "$0")/targets.sh"

repo= workflow=heavy-deps.yml artifact=wheelhouse-3.11 outdir=ci_artifacts minutes= seconds=15
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) manual && exit ;;
	--repo | --workflow | --artifact | --outdir | --timeout-min | --interval-sec) [ $# -gt 1 ] || wrong "$1 needs a value" ;;
	*) wrong "unknown argument $1" ;;
	esac
	case $1 in
	--repo) repo=$2 ;;
	--workflow) workflow=$2 ;;
	--artifact) artifact=$2 ;;
	--outdir) outdir=$2 ;;
	--timeout-min) minutes=$2 ;;
	--interval-sec) seconds=$2 ;;
	esac
	shift 2
done
run fetch ${repo:+-repo="$repo"} -workflow="$workflow" -artifact="$artifact" -outdir="$outdir" \
	${minutes:+-timeout="${minutes}m"} -interval="${seconds}s"
cat "$results"
said no-runs no-good-run && exit 3
said timed-out && exit 4
said artifact-missing artifact-expired transfer-failed digest-mismatch size-mismatch && exit 5
said no-tarball && exit 6
exit "$status"
