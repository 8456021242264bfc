package releasestore

import (
	"regexp"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

// empty ends the name of an asset that stands for an empty object: GitHub takes
// no asset without a byte, so it has one, which is not read.
const empty = "_e"

// assetName gives the name of the asset for a key. GitHub renames what has
// other letters than these, or dots at its end or one after another, without
// saying so: the first "/" becomes "-", each further one "_-", "_" becomes "__",
// "@" "_a", "+" "_p", and such a dot "_d". So blobs/<sha256> is blobs-<sha256>.
func assetName(key string, size int64) string {
	head, rest, split := strings.Cut(key, "/")
	var b strings.Builder
	b.WriteString(head)
	if split {
		b.WriteByte('-')
	}
	for i := range len(rest) {
		switch c := rest[i]; {
		case c == '/':
			b.WriteString("_-")
		case c == '_':
			b.WriteString("__")
		case c == '@':
			b.WriteString("_a")
		case c == '+':
			b.WriteString("_p")
		case c == '.' && (i == 0 || i == len(rest)-1 || rest[i-1] == '.'):
			b.WriteString("_d")
		default:
			b.WriteByte(c)
		}
	}
	if size == 0 {
		b.WriteString(empty)
	}
	return b.String()
}

// letters are what follows a "_" in an asset's name.
var letters = map[byte]byte{'-': '/', '_': '_', 'a': '@', 'p': '+', 'd': '.'}

// keyOf gives the key that an asset stands for, and whether the object is
// empty; ok is false for an asset that is none of ours.
func keyOf(name string) (key string, isEmpty, ok bool) {
	head, rest, split := strings.Cut(name, "-")
	if !split && strings.HasSuffix(head, empty) {
		head, rest = head[:len(head)-len(empty)], empty
	}
	var b strings.Builder
	b.WriteString(head)
	if split {
		b.WriteByte('/')
	}
	for i := 0; i < len(rest); i++ {
		if rest[i] != '_' {
			b.WriteByte(rest[i])
			continue
		}
		if i++; i == len(rest) {
			return "", false, false
		}
		if rest[i-1:] == empty {
			isEmpty = true
			break
		}
		letter, known := letters[rest[i]]
		if !known {
			return "", false, false
		}
		b.WriteByte(letter)
	}
	key = b.String()
	size := int64(1)
	if isEmpty {
		size = 0
	}
	return key, isEmpty, store.CheckKey(key) == nil && assetName(key, size) == name
}

const (
	// prefix is what the tags of all our releases begin with.
	prefix = "wheelhouse-"
	// uploads is the tag of a draft for blobs; it is never made.
	uploads = prefix + "upload"
)

// manifestForm takes the entry, and the manifest's hash, from a manifest's key.
var manifestForm = regexp.MustCompile(`^entries/([^/]+)/[^/]+@([0-9a-f]{16})$`)

// tagOf gives the tag of the release that a manifest publishes. What git does
// not take in a tag becomes "-".
func tagOf(key string) string {
	entry, sum := strings.ReplaceAll(key, "/", "-"), ""
	if m := manifestForm.FindStringSubmatch(key); m != nil {
		entry, sum = m[1], "-"+m[2]
	}
	entry = strings.NewReplacer("..", "--", "@", "-").Replace(entry)
	return prefix + entry + sum
}

// isBlob, isManifest: the two kinds of objects that releases are made of.
func isBlob(key string) bool     { return strings.HasPrefix(key, "blobs/") }
func isManifest(key string) bool { return strings.HasPrefix(key, "entries/") }

// alone gives the tag of the draft that an object of neither kind lies in.
func alone(key string) string { return prefix + strings.ReplaceAll(key, "/", "-") }
