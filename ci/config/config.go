// Package config is the settings: ci/wheelhouse.toml, over it WHEELHOUSE_*
// variables. Targets lay their options over both.
package config

// Settings are the settings in force. Paths are absolute.
type Settings struct {
	Python       string
	Name         string // "wheelhouse-{python}"
	Requirements string
	Build        struct{ Out string }
	Lock         struct{ URLs string } // "index" or "none"
	Validate     struct {
		Packages []string
		Tests    string
		Network  string // "prefer" or "require"
	}
	Fetch   struct{ Outdir string }
	Archive struct {
		Dir   string
		Owner string
	}
	Limits struct {
		Members     int
		MemberBytes int64
		TotalBytes  int64
		Ratio       int
	}
}

// Value is one setting as `mage config` prints it.
type Value struct {
	Key, Value string
	// Origin is "default", "ci/wheelhouse.toml:12" or "WHEELHOUSE_PYTHON".
	Origin string
}

// Config is the settings with where each came from.
type Config struct {
	Settings
	// Root is the repository: absolute.
	Root   string
	Values []Value
}

// Root finds the repository: WHEELHOUSE_ROOT, else the nearest folder upward
// from cwd with ci/wheelhouse.toml. Code: no-repository.
func Root(cwd string, environ []string) (string, error) { panic("todo") }

// Load reads the settings. Codes: bad-settings.
func Load(root, cwd string, environ []string) (*Config, error) { panic("todo") }
