// Package wheeltest makes small, valid wheels in memory for tests.
package wheeltest

// Wheel describes a wheel to make; zero fields are given defaults.
type Wheel struct {
	Project        string   // required: "demo"
	Version        string   // default "1.0"
	Tag            string   // default "py3-none-any"
	RequiresDist   []string // default none
	RequiresPython string
	ProvidesExtra  []string
	// Files are members beside the generated ones; default: an empty
	// <project>/__init__.py (hyphens as underscores).
	Files map[string]string
}

// FileName gives "demo-1.0-py3-none-any.whl".
func (w Wheel) FileName() string { panic("todo") }

// Bytes gives the wheel: METADATA, WHEEL and RECORD are valid, the same input
// gives the same bytes.
func (w Wheel) Bytes() []byte { panic("todo") }

// Write writes the wheel into dir and gives its path.
func (w Wheel) Write(dir string) string { panic("todo") }
