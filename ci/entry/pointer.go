package entry

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Bounds on a pointer.
const (
	// MaxPointer is the most bytes that a pointer may have.
	MaxPointer = 1024
	// MaxLocations is the most locations that a pointer may name.
	MaxLocations = 4
	// MaxRule is the longest rule, in bytes.
	MaxRule = 200
)

// pointerVersion is the version of the pointer's format. Keys that are added
// to it do not change it: a reader keeps those that it does not know.
const pointerVersion = "1"

// Pointer is what stays of a tarball after pruning: which bytes they were, and
// where they come back from. It is encoded in one canonical way, see Encode.
type Pointer struct {
	// Name is the tarball's base name.
	Name string `json:"name"`
	// SHA256 of the tarball, lower-case hex.
	SHA256 string `json:"sha256"`
	// Size of the tarball in bytes.
	Size int64 `json:"size"`
	// Recipe is how the bytes come from their wheels: "wheelhouse-1",
	// "gzip-6", "zlib-9"; or "whole": the tarball is stored as it is.
	Recipe string `json:"recipe"`
	// Frame is the sha256 of the recipe's frame object; empty where the recipe
	// needs none.
	Frame string `json:"frame,omitempty"`
	// Locations are where the bytes are, the best first: 1 to MaxLocations.
	Locations []Location `json:"locations"`
	// PrunedAt is when the tarball was pruned, in whole seconds, UTC.
	PrunedAt time.Time `json:"pruned_at"`
	// Rule is why, in one line of at most MaxRule bytes; never empty.
	Rule string `json:"rule"`
	// Unknown are the keys of later versions, which are kept as they are; nil:
	// none.
	Unknown map[string]string `json:"unknown,omitempty"`
}

// Location is one place that a pruned tarball comes back from.
type Location struct {
	// URL of the store, without credentials: "s3://bucket/prefix",
	// "file:.wheelhouse-store", "git:<commit>/<blob>", "index:".
	URL string `json:"url"`
	// Method is how it was verified: one of the Methods.
	Method string `json:"method"`
	// VerifiedAt is when, in whole seconds, UTC.
	VerifiedAt time.Time `json:"verified_at"`
	// LocalOnly tells of a place that other checkouts do not have.
	LocalOnly bool `json:"local_only,omitempty"`
}

// The methods by which a location is verified. A reader takes others as well:
// later versions may have more.
const (
	// Rebuilt: the wheels were read back, and give the tarball's bytes.
	Rebuilt = "rebuilt"
	// ReadBack: the whole tarball was read back.
	ReadBack = "read-back"
	// GitBlob: a blob that a commit reaches was read back.
	GitBlob = "git-blob"
	// Index: the wheels were fetched from where the lock says.
	Index = "index"
)

// PointerName gives the name of a tarball's pointer.
func PointerName(tarball string) string { return tarball + pointerSuffix }

// PinName gives the name of the file whose being there pins a tarball.
func PinName(tarball string) string { return tarball + pinSuffix }

// Where gives the locations for people, the best first: "s3://bucket/prefix,
// file:.wheelhouse-store (local only)".
func (p Pointer) Where() string {
	var all []string
	for _, l := range p.Locations {
		if l.LocalOnly {
			l.URL += " (local only)"
		}
		all = append(all, l.URL)
	}
	return strings.Join(all, ", ")
}

// badPointer is the refusal of a pointer.
func badPointer(doing, file, why string) error {
	return fault.New(fault.Refused, "bad-pointer", "%s the pointer %s: %s", doing, file, why)
}

// Encode gives the pointer's one canonical text: "key=value" lines, the
// version first, then sorted by byte. Times are cut to whole seconds. What
// ParsePointer would refuse is refused. Code: bad-pointer.
func (p Pointer) Encode() ([]byte, error) {
	keys := maps.Clone(p.Unknown)
	if keys == nil {
		keys = map[string]string{}
	}
	set := func(key, value string) { keys[key] = value }
	set("name", p.Name)
	set("sha256", p.SHA256)
	set("size", strconv.FormatInt(p.Size, 10))
	set("recipe", p.Recipe)
	set("pruned_at", p.PrunedAt.UTC().Format(time.RFC3339))
	set("rule", p.Rule)
	if p.Frame != "" {
		set("frame", p.Frame)
	}
	for i, l := range p.Locations {
		at := fmt.Sprintf("%s%d.", locationPrefix, i+1)
		set(at+"url", l.URL)
		set(at+"method", l.Method)
		set(at+"verified_at", l.VerifiedAt.UTC().Format(time.RFC3339))
		if l.LocalOnly {
			set(at+"local_only", "true")
		}
	}
	var text bytes.Buffer
	text.WriteString("version=" + pointerVersion + "\n")
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if why := checkLine(key, keys[key]); why != "" {
			return nil, badPointer("writing", strconv.Quote(PointerName(p.Name)), fmt.Sprintf("%q %s", key, why))
		}
		text.WriteString(key + "=" + keys[key] + "\n")
	}
	// Whatever is written must be readable: the reader's rules are the rules.
	if _, why := parsePointer(text.Bytes()); why != "" {
		return nil, badPointer("writing", strconv.Quote(PointerName(p.Name)), why)
	}
	return text.Bytes(), nil
}
