#!/bin/sh
# upload_artifacts_optin.sh: keeps a tarball and its record in the first store
# that the environment has credentials for.
#
#	upload_artifacts_optin.sh FILE
#
# The stores, in this order: S3 with CI_S3_BUCKET; Google Cloud Storage with
# CI_GCS_BUCKET, through rclone; the releases of GITHUB_REPOSITORY with
# GITHUB_TOKEN. A bucket may have a folder: BUCKET/FOLDER. Over `mage push`.
# Exit status: 2 usage, 3 no such file, 4 nothing configured, else the target's.
. "$(dirname -- "$0")/targets.sh"

case ${1-} in
-h | --help) manual && exit ;;
-*) wrong "unknown argument $1" ;;
esac
[ $# = 1 ] && [ -n "$1" ] || wrong "one file, please"
[ -f "$1" ] || { printf 'no such file: %s\n' "$1" >&2 && exit 3; }
if [ -n "${CI_S3_BUCKET-}" ]; then
	store=s3://$CI_S3_BUCKET
elif [ -n "${CI_GCS_BUCKET-}" ]; then
	store=rclone::gcs,env_auth:$CI_GCS_BUCKET
elif [ -n "${GITHUB_TOKEN-}" ] && [ -n "${GITHUB_REPOSITORY-}" ]; then
	store=release:$GITHUB_REPOSITORY
else
	echo "nothing is configured: set CI_S3_BUCKET, CI_GCS_BUCKET, or GITHUB_TOKEN and GITHUB_REPOSITORY" >&2
	exit 4
fi
run push "$1" -store="$store"
cat "$results"
said tar-missing && exit 3
exit "$status"
