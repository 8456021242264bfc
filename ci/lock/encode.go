package lock

import (
	"fmt"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Encode gives the lock's one canonical text: the same lock gives the same
// bytes, in whatever order its wheels come. URLs go through CleanURL. Codes: bad-lock, and
// duplicate-project when a project is there in two versions.
func (l Lock) Encode() ([]byte, error) {
	refuse := func(code, format string, args ...any) ([]byte, error) {
		return nil, fault.New(fault.Refused, code, "writing the lock of %q: "+format, append([]any{l.Tarball}, args...)...)
	}
	if reason := l.check(); reason != "" {
		return refuse("bad-lock", "%s", reason)
	}
	wheels := cleaned(l.Wheels)
	slices.SortFunc(wheels, func(a, b Wheel) int { return strings.Compare(a.File, b.File) })
	projects, err := group(wheels)
	if err != nil {
		return refuse(fault.Code(err), "%w", err)
	}
	slices.SortFunc(projects, func(a, b project) int { return strings.Compare(a.name, b.name) })

	var text strings.Builder
	text.WriteString("lock-version = \"1.0\"\n")
	if l.Python != "" {
		fmt.Fprintf(&text, "requires-python = %s\n", quote(requiresPython(l.Python)))
	}
	text.WriteString("created-by = \"wheelhouse\"\n")
	for _, p := range projects {
		p.write(&text)
	}
	text.WriteString("\n[tool.wheelhouse]\n")
	writePair(&text, "format", l.Format)
	writePair(&text, "tarball", l.Tarball)
	writePair(&text, "sha256", l.SHA256)
	fmt.Fprintf(&text, "size = %d\n", l.Size)
	writePair(&text, "python", l.Python)
	if text.Len() > MaxBytes {
		return refuse("bad-lock", "larger than %d bytes", MaxBytes)
	}
	return []byte(text.String()), nil
}

// cleaned gives a copy of the wheels with their URLs cleaned: whatever a caller
// hands over, no credentials are written.
func cleaned(wheels []Wheel) []Wheel {
	wheels = slices.Clone(wheels)
	for i := range wheels {
		w := &wheels[i]
		w.URL = CleanURL(w.URL)
		if w.Sdist != nil {
			sdist := *w.Sdist
			sdist.URL = CleanURL(sdist.URL)
			w.Sdist = &sdist
		}
	}
	return wheels
}

// write writes one [[packages]] table.
func (p project) write(text *strings.Builder) {
	fmt.Fprintf(text, "\n[[packages]]\nname = %s\nversion = %s\nwheels = [\n", quote(p.name), quote(p.version))
	var sdists strings.Builder
	for _, w := range p.wheels {
		text.WriteString("    {")
		if w.URL != "" {
			fmt.Fprintf(text, "url = %s, ", quote(w.URL))
		}
		fmt.Fprintf(text, "path = %s, size = %d, hashes = {sha256 = %s}},\n", quote(w.File), w.Size, quote(w.SHA256))
		if w.Sdist != nil {
			w.Sdist.write(&sdists, w.File)
		}
	}
	text.WriteString("]\n")
	if sdists.Len() > 0 {
		fmt.Fprintf(text, "\n[packages.tool.wheelhouse]\nsdists = [\n%s]\n", sdists.String())
	}
}

// write writes what a wheel was built from.
func (s Sdist) write(text *strings.Builder, file string) {
	fmt.Fprintf(text, "    {wheel = %s, name = %s", quote(file), quote(s.File))
	if s.URL != "" {
		fmt.Fprintf(text, ", url = %s", quote(s.URL))
	}
	if s.SHA256 != "" {
		fmt.Fprintf(text, ", hashes = {sha256 = %s}", quote(s.SHA256))
	}
	text.WriteString("},\n")
}

// writePair writes a line, or nothing for an empty value.
func writePair(text *strings.Builder, key, value string) {
	if value != "" {
		fmt.Fprintf(text, "%s = %s\n", key, quote(value))
	}
}

// quote gives a TOML basic string. Control characters never get here: the
// checks refuse them.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
