package config

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Value is one setting as `mage config` prints it.
type Value struct {
	// Key as in the file, "build.out"; Value as a variable would give it, with
	// absolute paths.
	Key, Value string
	// Origin is "default", "ci/wheelhouse.toml:12", "WHEELHOUSE_PYTHON", or
	// what Set was told.
	Origin string
}

// Config is the settings with where each came from.
type Config struct {
	Settings
	// Root is the repository: absolute.
	Root string
	// Values are all settings in the order of the table.
	Values []Value
}

// Load reads the settings of the repository at root: the defaults, over them
// ci/wheelhouse.toml where it exists, over it the variables in environ
// ("KEY=value"), whose relative paths are seen from cwd. Codes: bad-settings.
func Load(root, cwd string, environ []string) (*Config, error) {
	c := &Config{Root: absolute(root, cwd)}
	table := settings()
	c.Values = make([]Value, len(table))
	var problems []string
	for i, st := range table {
		if err := c.put(i, st, st.fallback, "default", c.Root); err != nil {
			problems = append(problems, "default: "+err.Error())
		}
	}
	found, err := c.loadFile(table)
	if err != nil {
		return nil, err
	}
	problems = append(problems, found...)
	problems = append(problems, c.loadEnviron(table, cwd, environ)...)
	if len(problems) > 0 {
		return nil, badSettings(problems)
	}
	return c, nil
}

// badSettings is the error that names every problem.
func badSettings(problems []string) error {
	const most = 20
	if len(problems) > most {
		problems = append(problems[:most:most], fmt.Sprintf("and %d more", len(problems)-most))
	}
	return fault.New(fault.Usage, "bad-settings", "reading the settings: %s", strings.Join(problems, "; "))
}

// put stores one value with its origin.
func (c *Config) put(i int, st setting, value, origin, base string) error {
	shown, err := st.assign(&c.Settings, value, base)
	if err == nil {
		c.Values[i] = Value{Key: st.key, Value: shown, Origin: origin}
	}
	return err
}

// Set lays one value over those in force, as a variable would: for options of
// targets that mirror a setting. origin is what Value.Origin becomes and an
// error names, "-python"; base is the folder that relative paths are seen
// from. On an error nothing is changed. Code: bad-settings.
func (c *Config) Set(key, value, origin, base string) error {
	table := settings()
	for i, st := range table {
		if st.key != key {
			continue
		}
		if err := c.put(i, st, value, origin, base); err != nil {
			return badSettings([]string{origin + ": " + err.Error()})
		}
		return nil
	}
	return badSettings([]string{fmt.Sprintf("%s: unknown key %s; the nearest known key is %q", origin, brief(key), nearest(key, keys(table)))})
}

// The variables.
const (
	variablePrefix = "WHEELHOUSE_"
	rootVariable   = "WHEELHOUSE_ROOT"
)

// Secrets are the variables of that prefix that are no settings either: what
// they hold is never stored, shown or handed on.
func Secrets() []string {
	return []string{"WHEELHOUSE_GPG_PASSPHRASE", "WHEELHOUSE_GPG_PRIVATE_KEY"}
}

// Origin tells where a setting's value in force came from, as Value.Origin has
// it; empty for an unknown key.
func (c *Config) Origin(key string) string {
	for _, v := range c.Values {
		if v.Key == key {
			return v.Origin
		}
	}
	return ""
}

// variable is the name of a setting's variable.
func (st setting) variable() string {
	return variablePrefix + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(st.key))
}

// loadEnviron lays the variables over the settings and gives what is wrong.
func (c *Config) loadEnviron(table []setting, cwd string, environ []string) (problems []string) {
	byName := map[string]int{}
	names := make([]string, len(table))
	for i, st := range table {
		names[i] = st.variable()
		byName[names[i]] = i
	}
	for _, entry := range environ {
		name, value, ok := cutVariable(entry)
		if !ok || !strings.HasPrefix(name, variablePrefix) || name == rootVariable || slices.Contains(Secrets(), name) {
			continue
		}
		i, known := byName[name]
		if !known {
			problems = append(problems, fmt.Sprintf("unknown variable %s; the nearest known one is %s", brief(name), nearest(name, names)))
			continue
		}
		if err := c.put(i, table[i], value, name, cwd); err != nil {
			problems = append(problems, name+": "+err.Error())
		}
	}
	return problems
}

// cutVariable parts an entry of the environment. Windows does not tell names
// apart by case.
func cutVariable(entry string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(entry, "=")
	if runtime.GOOS == "windows" {
		name = strings.ToUpper(name)
	}
	return name, value, ok
}

func keys(table []setting) []string {
	out := make([]string, len(table))
	for i, st := range table {
		out[i] = st.key
	}
	return out
}

// filePath is the settings file of a repository.
func filePath(root string) string { return filepath.Join(root, "ci", "wheelhouse.toml") }
