#!/bin/sh
# local_validate_in_docker.sh: proves that the Python of a container without
# network installs and runs from a tarball.
#
#	local_validate_in_docker.sh [--tar PATH] [--image IMAGE]
#
# Without --tar it takes the newest tarball of the archive. --image is
# python:3.11 by default; its python3 is the one that is tried. docker runs it,
# or podman where docker does not answer. Over `mage validate -image`, with its
# settings: WHEELHOUSE_ variables count.
# Exit status: 2 usage, 3 neither docker nor podman, 4 no tarball, 125 the
# container could not be started, else the target's.
. "$(dirname -- "$0")/targets.sh"

tar= image=python:3.11
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) manual && exit ;;
	--tar | --image) [ $# -gt 1 ] || wrong "$1 needs a value" ;;
	*) wrong "unknown argument $1" ;;
	esac
	case $1 in
	--tar) tar=$2 ;;
	--image) image=$2 ;;
	esac
	[ -n "$2" ] || wrong "$1 is empty"
	shift 2
done
[ -z "$tar" ] || [ -f "$tar" ] || { echo "no such tarball: $tar" >&2 && exit 4; }

# Nothing built here and nothing fetched: the archive's is left.
[ -n "$tar" ] || export WHEELHOUSE_BUILD_OUT="$here/none" WHEELHOUSE_FETCH_OUTDIR="$here/none"
run validate -image="$image" ${tar:+-tar="$tar"}
cat "$results"
said tar-missing && exit 4
said no-image container-failed && exit 125
exit "$status"
