//go:build !windows

package python

// sameVariable compares the names of two environment variables.
func sameVariable(a, b string) bool { return a == b }
