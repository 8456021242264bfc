package python

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// Link is one `Found link` of pip's log, without user-info, query and
// fragment, and never a file: link.
type Link struct {
	// URL is empty for an sdist of the user's own disk.
	URL string
	// File is the file name, unescaped.
	File string
	// SHA256 in lower-case hex; empty where pip's log does not tell it, as for
	// the pages of an index that answers in JSON.
	SHA256 string
}

const (
	// logLine is the most that is read of one line of the log.
	logLine = 64 << 10
	// linksEach bounds the candidates kept for one file name.
	linksEach = 64
	// originBytes is the most that an origin.json may hold.
	originBytes = 64 << 10
)

var (
	// logTime is what pip puts before each line of its log.
	logTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d+ `)
	// logVersion ends a `Found link` line.
	logVersion = regexp.MustCompile(`, version: (\S+)$`)
	// logTracked names the archive of a project that pip unpacked or built.
	logTracked = regexp.MustCompile(`^(?:Added|Source in \S+ has version \S+ which satisfies requirement) ([A-Za-z0-9._-]+)\S*(?: @ \S+)? from (\S+)`)
	// logCreated names the wheel that pip built.
	logCreated = regexp.MustCompile(`^Created wheel for \S+: filename=(\S+) size=`)
)

// pipLog is what is learnt of one log about the wheels that the run left.
type pipLog struct {
	wheels map[string]identity // by file name
	// links by wheel's file name; sdists by project and version.
	links  map[string][]Link
	sdists map[identity][]Link
	// used are the URLs that pip fetched, cleaned.
	used map[string]bool
	// tracked is the archive that pip unpacked for a project.
	tracked map[string]Link
	// elsewhere are wheels that did not come from an index: built in this
	// run or before, or lying on the user's disk.
	elsewhere map[string]bool
	// cached is the folder of pip's cache that a built wheel lies in.
	cached map[string]string
	// created is the wheel that the log named last as built.
	created string
	// trouble is the first of each kind of network failure.
	trouble map[trouble]string
}

// identity is a project, normalised, and its version as pip wrote it.
type identity struct{ project, version string }

// newPipLog prepares for the wheels of these file names.
func newPipLog(files []string) *pipLog {
	l := &pipLog{
		wheels: map[string]identity{}, links: map[string][]Link{}, sdists: map[identity][]Link{},
		used: map[string]bool{}, tracked: map[string]Link{}, elsewhere: map[string]bool{},
		cached: map[string]string{}, trouble: map[trouble]string{},
	}
	for _, file := range files {
		if name, err := wheel.ParseName(file); err == nil {
			l.wheels[file] = identity{name.Project, name.Version}
		}
	}
	return l
}

// read reads the log line by line; of a line that is longer than any of pip's
// the rest is passed over.
func (l *pipLog) read(r io.Reader) error {
	lines := bufio.NewReaderSize(r, logLine)
	for {
		line, more, err := lines.ReadLine()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		text := string(line)
		for more && err == nil {
			_, more, err = lines.ReadLine()
		}
		l.line(strings.TrimLeft(logTime.ReplaceAllString(text, ""), " "))
	}
}

// line takes in one line, without its time and indentation.
func (l *pipLog) line(text string) {
	verb, rest, _ := strings.Cut(text, " ")
	switch verb {
	case "Found":
		l.found(text)
	case "Added", "Source":
		// Some versions of pip put a comma before "which".
		if m := logTracked.FindStringSubmatch(strings.Replace(text, ", which ", " which ", 1)); m != nil {
			link := readLink(m[2])
			l.used[link.URL] = true
			l.tracked[wheel.Normalize(m[1])] = link
		}
	case "Downloading", "Using":
		l.fetched(text)
	case "Processing":
		// A wheel on the user's disk; other words follow the path.
		file, _, _ := strings.Cut(rest, ".whl")
		l.notFromIndex(path.Base(filepath.ToSlash(file)) + ".whl")
	case "Created":
		if m := logCreated.FindStringSubmatch(text); m != nil {
			l.created = m[1]
			l.notFromIndex(l.created)
		}
	case "Stored":
		if dir, ok := strings.CutPrefix(text, "Stored in directory: "); ok && l.created != "" {
			l.cached[l.created] = dir
			l.created = ""
		}
	}
	if kind := networkTrouble(text); kind != none && l.trouble[kind] == "" {
		l.trouble[kind] = text
	}
}

// found takes in a candidate: one for a wheel's own file name, or an sdist of
// a wheel's project and version.
func (l *pipLog) found(text string) {
	target, ok := strings.CutPrefix(text, "Found link ")
	if !ok {
		return
	}
	target, _, _ = strings.Cut(target, " ")
	link := readLink(strings.TrimSuffix(target, ","))
	if _, ok := l.wheels[link.File]; ok {
		if link.URL != "" && len(l.links[link.File]) < linksEach {
			l.links[link.File] = append(l.links[link.File], link)
		}
		return
	}
	m := logVersion.FindStringSubmatch(text)
	if m == nil {
		return
	}
	if project, ok := sdistProject(link.File, m[1]); ok {
		id := identity{project, m[1]}
		if len(l.sdists[id]) < linksEach {
			l.sdists[id] = append(l.sdists[id], link)
		}
	}
}

// fetched takes in what pip took: a URL, where the index is not the public
// one, or a wheel that it had built and kept.
func (l *pipLog) fetched(text string) {
	if target, ok := strings.CutPrefix(text, "Using cached wheel link: "); ok {
		if u, err := url.Parse(target); err == nil && u.Scheme == "file" {
			file := path.Base(u.Path)
			l.notFromIndex(file)
			l.cached[file] = filepath.FromSlash(path.Dir(u.Path))
		}
		return
	}
	if target := urlText.FindString(text); target != "" {
		l.used[cleanURL(target)] = true
	}
}

func (l *pipLog) notFromIndex(file string) {
	if _, ok := l.wheels[file]; ok {
		l.elsewhere[file] = true
	}
}

// sdistProject gives the normalised project of an sdist's file name, once its
// version is known.
func sdistProject(file, version string) (string, bool) {
	for _, ending := range []string{".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".tar.Z", ".tar"} {
		if stem, ok := strings.CutSuffix(file, ending); ok {
			project, ok := strings.CutSuffix(stem, "-"+version)
			return wheel.Normalize(project), ok && project != ""
		}
	}
	return "", false
}

// readLink reads a link as pip writes it; the URL of one that is not HTTP
// stays out.
func readLink(text string) Link {
	clean := cleanURL(text)
	_, rest, _ := strings.Cut(clean, "://")
	_, place, _ := strings.Cut(rest, "/")
	link := Link{File: path.Base("/" + place)}
	if plain, err := url.PathUnescape(link.File); err == nil {
		link.File = plain
	}
	if scheme := strings.ToLower(text[:max(strings.Index(text, "://"), 0)]); scheme == "https" || scheme == "http" {
		link.URL = clean
	}
	_, fragment, _ := strings.Cut(text, "#")
	for _, part := range strings.Split(fragment, "&") {
		if sum, ok := strings.CutPrefix(part, "sha256="); ok {
			link.SHA256 = readSHA256(sum)
		}
	}
	return link
}

// readSHA256 gives the hash in lower case, or nothing when it is none.
func readSHA256(sum string) string {
	sum = strings.ToLower(sum)
	if raw, err := hex.DecodeString(sum); err != nil || len(raw) != 32 {
		return ""
	}
	return sum
}

// candidates gives the links of a wheel's file name, those that pip fetched
// first. For a wheel that came from elsewhere a link counts only with a hash,
// by which the caller can tell whether it is the same file.
func (l *pipLog) candidates(file string) []Link {
	var taken, others []Link
	for _, link := range l.links[file] {
		switch {
		case l.elsewhere[file] && link.SHA256 == "":
		case l.used[link.URL]:
			taken = append(taken, link)
		default:
			others = append(others, link)
		}
	}
	return append(taken, others...)
}

// sdist gives the sdist that a wheel was built from.
func (l *pipLog) sdist(file string) (Link, bool) {
	id := l.wheels[file]
	if link, ok := readOrigin(l.cached[file]); ok {
		return link, true
	}
	var found Link
	for other, links := range l.sdists {
		if other.project != id.project || !wheel.SameVersion(other.version, id.version) {
			continue
		}
		for _, link := range links {
			if found.File == "" || l.used[link.URL] && !l.used[found.URL] {
				found = link
			}
		}
	}
	tracked, ok := l.tracked[id.project]
	switch {
	case !ok || strings.HasSuffix(tracked.File, ".whl"):
		return found, found.File != ""
	case tracked.URL == found.URL && tracked.File == found.File && tracked.SHA256 == "":
		return found, true
	}
	return tracked, true
}

// readOrigin reads the origin.json that pip puts beside a wheel that it built:
// the archive's URL and hash (PEP 610).
func readOrigin(dir string) (Link, bool) {
	if dir == "" {
		return Link{}, false
	}
	name := filepath.Join(dir, "origin.json")
	info, err := os.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > originBytes {
		return Link{}, false
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return Link{}, false
	}
	var origin struct {
		URL     string `json:"url"`
		Archive *struct {
			Hash   string            `json:"hash"`
			Hashes map[string]string `json:"hashes"`
		} `json:"archive_info"`
	}
	if json.Unmarshal(data, &origin) != nil || origin.Archive == nil {
		return Link{}, false
	}
	link := readLink(origin.URL)
	link.SHA256 = readSHA256(origin.Archive.Hashes["sha256"])
	if sum, ok := strings.CutPrefix(origin.Archive.Hash, "sha256="); ok && link.SHA256 == "" {
		link.SHA256 = readSHA256(sum)
	}
	return link, link.File != "" && link.File != "/"
}
