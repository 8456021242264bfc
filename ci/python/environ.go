package python

import (
	"os"
	"strings"
)

// dropped are the beginnings of the variables that change what Python, pip, uv
// or pytest do. VIRTUAL_ENV also matches VIRTUAL_ENV_PROMPT.
var dropped = [...]string{"PIP_", "PYTHON", "UV_", "PYTEST_", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"}

// CleanEnviron drops every PIP_*, PYTHON*, UV_*, PYTEST_* and VIRTUAL_ENV, and sets
// PIP_CONFIG_FILE to the null device: without it pip reads the machine's and
// the user's pip.conf, even when told --isolated. All else (PATH, HOME, LANG,
// TMPDIR, SYSTEMROOT …) is kept, in its order. The argument is not changed.
func CleanEnviron(environ []string) []string {
	clean := make([]string, 0, len(environ)+1)
	for _, entry := range environ {
		if !isDropped(entry) {
			clean = append(clean, entry)
		}
	}
	return append(clean, "PIP_CONFIG_FILE="+os.DevNull)
}

// isDropped compares without regard to case: Windows' names have none.
func isDropped(entry string) bool {
	name, _, _ := strings.Cut(entry, "=")
	name = strings.ToUpper(name)
	for _, prefix := range dropped {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// getenv gives the last value of a variable, as a child process would see it.
func getenv(environ []string, name string) string {
	value := ""
	for _, entry := range environ {
		if k, v, ok := strings.Cut(entry, "="); ok && sameVariable(k, name) {
			value = v
		}
	}
	return value
}

// setenv gives environ with the variable set once.
func setenv(environ []string, name, value string) []string {
	set := make([]string, 0, len(environ)+1)
	for _, entry := range environ {
		if k, _, _ := strings.Cut(entry, "="); !sameVariable(k, name) {
			set = append(set, entry)
		}
	}
	return append(set, name+"="+value)
}
