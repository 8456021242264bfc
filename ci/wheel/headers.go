package wheel

import (
	"strings"
	"unicode/utf8"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// maxHeaders bounds the headers of one METADATA or WHEEL; real ones have some hundred.
const maxHeaders = 20_000

// What of a licence is kept: some wheels put the whole text there.
const (
	maxLicense  = 1000
	maxLicenses = 20
)

// bounded gives a licence's text, cut where no rune is broken.
func bounded(text string) string {
	if len(text) > maxLicense {
		text = strings.ToValidUTF8(text[:maxLicense], "")
	}
	return text
}

// header is one header: its name in lower case, and the lines of its value.
type header struct {
	name  string
	lines []string
}

// value gives the lines unfolded (RFC 822): joined by one space.
func (h header) value() string { return strings.Trim(strings.Join(h.lines, " "), " ") }

// parseMetadata reads the headers of METADATA; the description below them is
// not looked at.
func parseMetadata(text []byte) (Metadata, error) {
	headers, err := parseHeaders(text, "METADATA", "bad-metadata")
	if err != nil {
		return Metadata{}, err
	}
	var m Metadata
	once := map[string]*string{"name": &m.Name, "version": &m.Version, "requires-python": &m.RequiresPython}
	seen := map[string]bool{}
	for _, h := range headers {
		switch field := once[h.name]; {
		case field != nil && seen[h.name]:
			return Metadata{}, badMetadata("the header %q is there twice", h.name)
		case field != nil:
			seen[h.name], *field = true, h.value()
		case h.name == "requires-dist":
			m.RequiresDist = append(m.RequiresDist, h.value())
		case h.name == "provides-extra":
			m.ProvidesExtra = append(m.ProvidesExtra, h.value())
		case h.name == "license-expression" && m.LicenseExpression == "":
			m.LicenseExpression = bounded(h.value())
		case h.name == "license" && m.License == "":
			m.License = bounded(h.value())
		case h.name == "classifier" && strings.HasPrefix(h.value(), "License ::") && len(m.LicenseClassifiers) < maxLicenses:
			m.LicenseClassifiers = append(m.LicenseClassifiers, bounded(h.value()))
		}
	}
	if !validProject(strings.ReplaceAll(m.Name, "-", "_")) {
		return Metadata{}, badMetadata("Name is missing or not a project's name")
	}
	if m.Version == "" || len(m.Version) > maxVersion {
		return Metadata{}, badMetadata("Version is missing or too long")
	}
	return m, nil
}

// parseHeaders reads headers up to the first empty line, or the first line
// that is none: Python's email parser, which pip uses, ends them there too.
// file and code are for the errors.
func parseHeaders(text []byte, file, code string) ([]header, error) {
	bad := func(format string, args ...any) error {
		return fault.New(fault.Refused, code, "reading "+file+": "+format, args...)
	}
	var headers []header
	rest := string(text)
	for number := 1; rest != ""; number++ {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			break
		}
		if strings.ContainsFunc(line, isControl) || !utf8.ValidString(line) {
			return nil, bad("line %d holds control characters or is not UTF-8", number)
		}
		if line[0] == ' ' || line[0] == '\t' {
			if len(headers) == 0 {
				return nil, bad("line %d continues no header", number)
			}
			last := &headers[len(headers)-1]
			last.lines = append(last.lines, strings.Trim(line, " \t"))
			continue
		}
		name, value, found := strings.Cut(line, ":")
		if !found || !isHeaderName(name) {
			break
		}
		if len(headers) == maxHeaders {
			return nil, fault.New(fault.Refused, "zip-bomb", "reading %s: more than %d headers", file, maxHeaders)
		}
		headers = append(headers, header{strings.ToLower(name), []string{strings.Trim(value, " \t")}})
	}
	return headers, nil
}

// isHeaderName tells whether a text is a header's name: printable ASCII
// without the space.
func isHeaderName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

func badMetadata(format string, args ...any) error {
	return fault.New(fault.Refused, "bad-metadata", "reading METADATA: "+format, args...)
}
