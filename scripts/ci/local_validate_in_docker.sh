#!/bin/sh
# local_validate_in_docker.sh: proves that the Python of a container without
# network installs and runs from a tarball.
#
#	local_validate_in_docker.sh [--tar PATH] [--image IMAGE]
#
# Without --tar it takes the newest tarball of the archive. --image is
# python:3.11 by default; its python3 is the one that is tried. docker runs it,
# or podman where docker does not answer. The container sees the checkout and
# the tarball's folder read-only, so the verdict is printed and not kept. Over
# `mage validate`, with its settings: WHEELHOUSE_ variables count.
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

engine=
for name in docker podman; do
	command -v "$name" >/dev/null || continue
	about=$("$name" info) && engine=$name && break
	echo "$name is there, but does not answer: $name info failed" >&2
done
[ -n "$engine" ] || { echo "neither docker nor podman to run $image with" >&2 && exit 3; }
[ "$(uname -s)" = Linux ] || { echo "the container needs bin/wheelhouse as made on Linux" >&2 && exit 3; }
"$here/../wheelhouse" -l >/dev/null || exit

# mount gives the value of --mount, which is CSV.
mount() { # FROM TO
	printf 'type=bind,"source=%s",target=%s,readonly' "$(printf '%s' "$1" | sed 's/"/""/g')" "$2"
}

# Who runs the container owns what it reads: without root's help that is its
# root already. On a tmpfs docker forbids programs, which a venv has.
set -- run --rm --network none --cap-drop ALL --security-opt no-new-privileges --security-opt label=disable \
	--tmpfs /tmp:exec,mode=1777 -e HOME=/tmp --mount "$(mount "${here%/scripts/ci}" /checkout)" -w /checkout
printf '%s\n' "$about" | grep -Eq '^ *rootless(: true)?$' || set -- "$@" --user "$(id -u):$(id -g)"
for name in $(env | sed -n 's/^\(WHEELHOUSE_[A-Z_]*\)=.*/\1/p'); do set -- "$@" -e "$name"; done
# The network is taken away already, so that to do it again is no must.
set -- "$@" -e WHEELHOUSE_ROOT=/checkout -e WHEELHOUSE_VALIDATE_NETWORK=prefer
if [ -n "$tar" ]; then
	folder=$(CDPATH='' cd -P -- "$(dirname -- "$tar")" && pwd -P) || exit 4
	set -- "$@" --mount "$(mount "$folder" /given)"
else # nothing built here, nothing fetched: the archive's is left
	set -- "$@" -e WHEELHOUSE_BUILD_OUT=/tmp/none -e WHEELHOUSE_FETCH_OUTDIR=/tmp/none
fi
echo "$engine runs $image without network; validate, which did not take it away, may say that it is there" >&2
watch "$engine" "$@" "$image" sh -c 'exec bin/wheelhouse validate -python="$(command -v python3 || echo /usr/bin/python3)" "$@"' \
	sh ${tar:+-tar="/given/$(basename -- "$tar")"}
cat "$results"
said tar-missing && exit 4
exit "$status"
