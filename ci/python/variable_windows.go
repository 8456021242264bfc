package python

import "strings"

// sameVariable compares the names of two environment variables.
func sameVariable(a, b string) bool { return strings.EqualFold(a, b) }
