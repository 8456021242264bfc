package filestore

import (
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

// Scheme is what the store's URLs begin with.
const Scheme = "file:"

// drive is how a path of Windows looks in a URL with three slashes.
var drive = regexp.MustCompile(`^/[A-Za-z]:`)

// locate gives the folder of a URL, and the URL in its one spelling.
func locate(raw, root string) (dir, shown string, inside bool, err error) {
	text, ok := strings.CutPrefix(raw, Scheme)
	if after, long := strings.CutPrefix(text, "//"); long { // file:///PATH
		text = after
		if drive.MatchString(text) {
			text = text[1:]
		}
		ok = ok && (strings.HasPrefix(text, "/") || filepath.IsAbs(filepath.FromSlash(text)))
	}
	plain, unescaped := url.PathUnescape(text)
	if !ok || unescaped != nil || strings.ContainsAny(text, "?#@") || strings.ContainsFunc(plain, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", "", false, badURL(raw)
	}
	dir = filepath.FromSlash(plain)
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(root, dir)
	}
	dir = filepath.Clean(dir)
	rel, inside := below(root, dir)
	if rel == "." { // nothing was named, or the checkout itself
		return "", "", false, badURL(raw)
	}
	if !inside {
		rel = dir
	}
	// The same for everybody who has the checkout, where it lies inside.
	return dir, Scheme + escapePath(filepath.ToSlash(rel)), inside, nil
}

func badURL(raw string) error {
	return fault.New(fault.Usage, "bad-store-url", "%q names no folder for a store", raw).
		WithHint("write it as file:.wheelhouse-store or file:/mnt/wheelhouses; a space is %%20")
}

// below gives dir as seen from root, and tells whether it lies below; where
// links lead there, too.
func below(root, dir string) (rel string, inside bool) {
	rel, inside = within(root, dir)
	if inside {
		return rel, true
	}
	realRoot, err := filepath.EvalSymlinks(root)
	if err != nil {
		return rel, false
	}
	// What is not there yet has a parent that is.
	there, rest := dir, ""
	for {
		real, err := filepath.EvalSymlinks(there)
		if err == nil {
			return within(realRoot, filepath.Join(real, rest))
		}
		parent := filepath.Dir(there)
		if parent == there {
			return rel, false
		}
		there, rest = parent, filepath.Join(filepath.Base(there), rest)
	}
}

func within(root, dir string) (rel string, inside bool) {
	rel, err := filepath.Rel(root, dir)
	return rel, err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// escapePath writes a path as a URL has it; a colon stays, as in C:/x.
func escapePath(p string) string {
	parts := strings.Split(p, "/")
	for i, part := range parts {
		parts[i] = strings.NewReplacer("%3A", ":", "%2B", "+").Replace(url.PathEscape(part))
	}
	return strings.Join(parts, "/")
}

// fan is how many digits of a blob's name are a folder's.
const fan = 2

// fileOf gives the path of a key's file below the store's folder, with slashes.
// Different keys have different files, also where capital letters are the
// same as small ones.
func fileOf(key string) string {
	if sum, ok := store.BlobSHA256(key); ok {
		return path.Join(path.Dir(key), sum[:fan], sum)
	}
	parts := strings.Split(key, "/")
	for i, part := range parts {
		parts[i] = escape(part)
	}
	return strings.Join(parts, "/")
}

// device are the names that mean devices on Windows, with any ending.
var device = regexp.MustCompile(`^(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)`)

// escape gives a part of a key as a file's name.
func escape(part string) string {
	var name strings.Builder
	for i := range len(part) {
		c := part[i]
		capital := c >= 'A' && c <= 'Z'
		reserved := i == 0 && device.MatchString(part) || i == len(part)-1 && c == '.'
		if capital || reserved {
			fmt.Fprintf(&name, "%%%02x", c)
		} else {
			name.WriteByte(c)
		}
	}
	return name.String()
}

// keyOf gives the key of a file below the store's folder, named with slashes;
// ok is false where it is no object's.
func keyOf(file string) (key string, ok bool) {
	dir, name := path.Split(file)
	if path.Dir(path.Dir(dir)) == "blobs" {
		key = store.BlobKey(name)
	}
	if _, blob := store.BlobSHA256(key); !blob {
		plain, err := url.PathUnescape(file)
		if err != nil {
			return "", false
		}
		key = plain
	}
	return key, store.CheckKey(key) == nil && fileOf(key) == file
}
