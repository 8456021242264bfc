# Sourced by the helpers beside it, which keep old names, flags and exit codes
# over scripts/wheelhouse.
here=$(CDPATH='' cd -P -- "$(dirname -- "$0")" && pwd -P) || exit 3

# manual prints the helper's first comment.
manual() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; }

# wrong ends with status 2, for wrong use.
wrong() { # MESSAGE
	printf '%s\n' "$1" >&2
	manual >&2
	exit 2
}

# run runs targets, as watch does a command.
run() { watch "$here/../wheelhouse" "$@"; } # TARGET ...

# watch runs a command. What it says is shown and kept; its results are in the
# file $results, its exit status in $status. A signal is passed on to it.
watch() { # COMMAND ...
	kept=$(mktemp -d) || exit 3
	trap 'rm -rf "$kept"' EXIT
	results=$kept/results
	mkfifo "$kept/said" || exit 3
	tee "$kept/errors" <"$kept/said" >&2 &
	shown=$!
	"$@" >"$results" 2>"$kept/said" &
	running=$!
	trap 'kill "$running" 2>/dev/null' INT TERM HUP
	while :; do
		status=0
		wait "$running" || status=$?
		kill -0 "$running" 2>/dev/null || break
	done
	trap - INT TERM HUP
	wait "$shown"
}

# said tells whether a target's error had one of these codes, which stand in
# brackets at its end, or a result is a FAIL with one.
said() { # CODE ...
	for code; do
		grep -q "\[$code\]\$" "$kept/errors" && return
		grep -Eq "^FAIL +$code " "$results" && return
	done
	return 1
}
