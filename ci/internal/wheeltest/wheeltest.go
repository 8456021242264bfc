package wheeltest

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Wheel describes a wheel to make; zero fields are given defaults.
type Wheel struct {
	Project        string   // required: "demo"; its case is kept in the file name
	Version        string   // default "1.0"
	Build          string   // build tag; default none
	Tag            string   // default "py3-none-any"; may be a compressed set
	RequiresDist   []string // default none
	RequiresPython string   // default none
	ProvidesExtra  []string // default none
	// Files are members beside the generated ones; default: an empty
	// <project>/__init__.py (hyphens as underscores).
	Files map[string]string
	// Deflate compresses the members; default: they are stored, so that the
	// bytes hang on no Go release.
	Deflate bool
}

// FileName gives "demo-1.0-py3-none-any.whl".
func (w Wheel) FileName() string {
	parts := []string{escape(w.Project), w.version()}
	if w.Build != "" {
		parts = append(parts, w.Build)
	}
	return strings.Join(append(parts, w.tag()), "-") + ".whl"
}

// Bytes gives the wheel: METADATA, WHEEL and RECORD are valid, the same input
// gives the same bytes.
func (w Wheel) Bytes() []byte {
	info := escape(w.Project) + "-" + w.version() + ".dist-info/"
	files := w.Files
	if files == nil {
		files = map[string]string{escape(w.Project) + "/__init__.py": ""}
	}
	method := zip.Store
	if w.Deflate {
		method = zip.Deflate
	}
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	var record strings.Builder
	add := func(name, content string) {
		member, err := archive.CreateHeader(&zip.FileHeader{
			Name: name, Method: method, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC),
		})
		must(err)
		_, err = member.Write([]byte(content))
		must(err)
		sum := sha256.Sum256([]byte(content))
		fmt.Fprintf(&record, "%s,sha256=%s,%d\n", name, base64.RawURLEncoding.EncodeToString(sum[:]), len(content))
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		add(strings.ReplaceAll(name, "{dist-info}/", info), files[name])
	}
	add(info+"METADATA", w.metadata())
	add(info+"WHEEL", w.wheel())
	add(info+"RECORD", record.String()+info+"RECORD,,\n")
	must(archive.Close())
	return withSizesInFront(out.Bytes())
}

// withSizesInFront gives the archive with each member's size and checksum
// before its data and not after: uv streams wheels, and cannot tell where a
// stored member ends otherwise.
func withSizesInFront(data []byte) []byte {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	must(err)
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, member := range archive.File {
		header := member.FileHeader
		header.Flags &^= 0x8 // a data descriptor follows
		to, err := w.CreateRaw(&header)
		must(err)
		from, err := member.OpenRaw()
		must(err)
		_, err = io.Copy(to, from)
		must(err)
	}
	must(w.Close())
	return out.Bytes()
}

// Write writes the wheel into dir and gives its path.
func (w Wheel) Write(dir string) string {
	path := filepath.Join(dir, w.FileName())
	must(os.WriteFile(path, w.Bytes(), 0o644))
	return path
}

func (w Wheel) version() string {
	if w.Version == "" {
		return "1.0"
	}
	return w.Version
}

func (w Wheel) tag() string {
	if w.Tag == "" {
		return "py3-none-any"
	}
	return w.Tag
}

func (w Wheel) metadata() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Metadata-Version: 2.1\nName: %s\nVersion: %s\nSummary: made for a test\n", w.Project, w.version())
	if w.RequiresPython != "" {
		fmt.Fprintf(&b, "Requires-Python: %s\n", w.RequiresPython)
	}
	for _, requirement := range w.RequiresDist {
		fmt.Fprintf(&b, "Requires-Dist: %s\n", requirement)
	}
	for _, extra := range w.ProvidesExtra {
		fmt.Fprintf(&b, "Provides-Extra: %s\n", extra)
	}
	b.WriteString("\nMade for a test.\n")
	return b.String()
}

// wheel gives the content of WHEEL, with every tag of the compressed set.
func (w Wheel) wheel() string {
	var b strings.Builder
	pure := strings.HasSuffix(w.tag(), "-none-any")
	fmt.Fprintf(&b, "Wheel-Version: 1.0\nGenerator: wheeltest\nRoot-Is-Purelib: %t\n", pure)
	if w.Build != "" {
		fmt.Fprintf(&b, "Build: %s\n", w.Build)
	}
	parts := strings.SplitN(w.tag(), "-", 3)
	if len(parts) != 3 {
		panic("wheeltest: not a tag: " + w.tag())
	}
	for _, python := range strings.Split(parts[0], ".") {
		for _, abi := range strings.Split(parts[1], ".") {
			for _, platform := range strings.Split(parts[2], ".") {
				fmt.Fprintf(&b, "Tag: %s-%s-%s\n", python, abi, platform)
			}
		}
	}
	return b.String()
}

// escape gives a project's name as file names have it: runs of "-", "_" and
// "." as one "_".
func escape(project string) string {
	if project == "" {
		panic("wheeltest: a wheel without Project")
	}
	return regexp.MustCompile(`[-_.]+`).ReplaceAllString(project, "_")
}

func must(err error) {
	if err != nil {
		panic("wheeltest: " + err.Error())
	}
}
