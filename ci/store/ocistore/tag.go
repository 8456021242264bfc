package ocistore

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

const (
	// entries is where the keys of manifests lie; tags leave it out.
	entries = "entries/"
	// maxTag is the longest tag, by the specification of distribution.
	maxTag = 128
	// hashed begins the tag of a key that is too long for one.
	hashed = "_x"
)

// escapes are the bytes of keys that a tag cannot hold, the escape itself, and
// what a tag cannot begin with. Their pairs begin with '_'.
var escapes = [...]struct {
	plain  byte
	letter byte
	first  bool // only at a tag's beginning
}{
	{'_', '_', false},
	{'/', 's', false},
	{'@', 'a', false},
	{'+', 'p', false},
	{'.', 'd', true},
	{'-', 'm', true},
}

// tagOf gives the tag of a manifest's key or of "gc". No two keys have the same
// one. A tag is [A-Za-z0-9_][A-Za-z0-9._-]{0,127}: '/' becomes _s, '@' _a, '+'
// _p and '_' __; at the beginning '.' becomes _d and '-' _m. A key that gets
// longer than 128 is _x and the sha256 of the key instead.
func tagOf(key string) string {
	rest := strings.TrimPrefix(key, entries)
	var tag strings.Builder
	for i := range len(rest) {
		letter := escape(rest[i], i == 0)
		if letter != 0 {
			tag.WriteByte('_')
			tag.WriteByte(letter)
			continue
		}
		tag.WriteByte(rest[i])
	}
	if tag.Len() > maxTag {
		digest := sha256.Sum256([]byte(key))
		return hashed + hex.EncodeToString(digest[:])
	}
	return tag.String()
}

func escape(b byte, first bool) byte {
	for _, e := range escapes {
		if e.plain == b && (first || !e.first) {
			return e.letter
		}
	}
	return 0
}

// keyOf gives the key of a tag; "" for a hashed tag, and for one that tagOf
// does not make.
func keyOf(tag string) string {
	if tag == gcKey {
		return gcKey
	}
	var key strings.Builder
	key.WriteString(entries)
	for i := 0; i < len(tag); i++ {
		b := tag[i]
		if b == '_' {
			if i++; i == len(tag) {
				return ""
			}
			if b = unescape(tag[i]); b == 0 {
				return ""
			}
		}
		key.WriteByte(b)
	}
	if !isEntry(key.String()) || tagOf(key.String()) != tag {
		return ""
	}
	return key.String()
}

func unescape(letter byte) byte {
	for _, e := range escapes {
		if e.letter == letter {
			return e.plain
		}
	}
	return 0
}

// isEntry tells whether key is "entries/<entry>/<tarball>@<16 hex>". Such a
// key is never "gc" without its beginning.
func isEntry(key string) bool {
	rest, ok := strings.CutPrefix(key, entries)
	entry, file, parted := strings.Cut(rest, "/")
	tarball, _, marked := strings.Cut(file, "@")
	return ok && parted && marked && entry != "" && tarball != "" && !strings.Contains(file, "/")
}
