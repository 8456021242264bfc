#!/bin/sh
# archive_wheelhouse.sh: keeps a tarball in the archive and prints its entry.
#
#	archive_wheelhouse.sh --src PATH [--dest-dir DIR] [--run-id ID]
#
# --dest-dir is docs/ci-archive by default, --run-id the record's run. The
# record is written beside the tarball when there is none. Over `mage meta
# archive`.
# Exit status: 2 usage, 3 no --src, 4 no such tarball, else the target's.
. "$(dirname -- "$0")/targets.sh"

src= dest=docs/ci-archive id=
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) manual && exit ;;
	--src | --dest-dir | --run-id) [ $# -gt 1 ] || wrong "$1 needs a value" ;;
	*) wrong "unknown argument $1" ;;
	esac
	case $1 in
	--src) src=$2 ;;
	--dest-dir) dest=$2 ;;
	--run-id) id=$2 ;;
	esac
	shift 2
done
[ -n "$src" ] || { echo "--src is required" >&2 && exit 3; }
run meta -tar="$src" archive -tar="$src" -dir="$dest" ${id:+-run="$id"}
said tar-missing && exit 4
[ "$status" != 0 ] || sed -n '$s/  [a-z ]*$//p' "$results"
exit "$status"
