#!/bin/sh
# validate_wheelhouse_consumer.sh: proves that a Python without network
# installs and runs from a wheelhouse.
#
#	validate_wheelhouse_consumer.sh [--local-tar PATH | --fetch-opts "OPTIONS"]
#		[--venv-dir DIR] [--packages "NAMES"] [--pytest-args "ARGS"] [--python-bin PYTHON]
#
# Without --local-tar it fetches first, with fetch_wheelhouse_poll.sh OPTIONS,
# and takes the folder that it prints. Defaults: --venv-dir .venv-ci,
# --packages "numpy Pillow pytesseract", --python-bin python3; the tests are
# those of pytest -k smoke ARGS. Over `mage validate`.
# Exit status: 2 usage, 3 no fetch helper, 4 no such tarball, 5 no run folder,
# 6 no .tgz in it, 7 pip failed, 8 a wheel is for another Python or platform,
# 1 or 5 as pytest where a test failed or there was none, else the target's.
. "$(dirname -- "$0")/targets.sh"

tar= venv=.venv-ci packages="numpy Pillow pytesseract" options= tests= python=python3
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) manual && exit ;;
	--local-tar | --venv-dir | --packages | --fetch-opts | --pytest-args | --python-bin)
		[ $# -gt 1 ] || wrong "$1 needs a value"
		;;
	*) wrong "unknown argument $1" ;;
	esac
	case $1 in
	--local-tar) tar=$2 ;;
	--venv-dir) venv=$2 ;;
	--packages) packages=$2 ;;
	--fetch-opts) options=$2 ;;
	--pytest-args) tests=$2 ;;
	--python-bin) python=$2 ;;
	esac
	shift 2
done
if [ -z "$tar" ]; then
	[ -x "$here/fetch_wheelhouse_poll.sh" ] || { echo "no fetch_wheelhouse_poll.sh; give --local-tar" >&2 && exit 3; }
	# Words on purpose: the options are one text.
	folder=$("$here/fetch_wheelhouse_poll.sh" $options) || exit
	[ -d "$folder" ] || { echo "no folder was fetched" >&2 && exit 5; }
	printf '%s\n' "$folder"
	for tar in "$folder"/*.tgz; do break; done
	[ -f "$tar" ] || { echo "no .tgz in $folder" >&2 && exit 6; }
fi
# The target takes a version or a path.
python=$(command -v -- "$python") || { echo "no such Python: $python" >&2 && exit 3; }
run validate -tar="$tar" -venv="$venv" -packages="$packages" -python="$python" -pytest="-k smoke $tests"
cat "$results"
[ "$status" = 0 ] && exit
said tar-missing && exit 4
said tag-mismatch requires-python && exit 8
said install-failed pip-check-failed pip-failed no-pip no-venv missing-dependency critical-missing && exit 7
said no-tests && exit 5
exit "$status"
