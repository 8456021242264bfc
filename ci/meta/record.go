package meta

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// MaxBytes is the most that a record may hold: 10,000 wheels, the most that a
// tarball may hold by default, with names of 255 bytes take 2.5 MB.
const MaxBytes = 4 << 20

// Suffix is what a record's file name adds to its tarball's.
const Suffix = ".meta"

// Record is one .meta record. Fields after Wheels are left out when empty.
type Record struct {
	// Name is the tarball's base name; empty in old records.
	Name string
	// SHA256 of the tarball in lower-case hex; may be empty in old records.
	SHA256 string
	// Size of the tarball in bytes; -1 in old records, which have none.
	Size int64
	// CreatedAt is when the record was written, UTC, in whole seconds.
	CreatedAt time.Time
	// Runner is the machine that built it: `uname -a`; may be empty.
	Runner string
	// Python is the version in short, "3.11"; may be empty.
	Python string
	// RequirementsHash is the sha256 of the requirements file; may be empty.
	RequirementsHash string
	// Wheels are base names, sorted; nil in old records, which have none.
	Wheels []string
	// RequirementsInputs is one digest over the requirements file and all
	// that it includes.
	RequirementsInputs string
	// Platform and ABI are what the wheels need, as [Needs] gives them.
	Platform string
	ABI      string
	// Repository ("owner/name"), Workflow, RunID, RunAttempt and GitCommit
	// are those of the CI run.
	Repository string
	Workflow   string
	RunID      string
	RunAttempt string
	GitCommit  string
	// Unknown keys, in the file's order; the keys of old records that have no
	// field (source, notes) too.
	Unknown []Pair
}

// Pair is one line of a record.
type Pair struct{ Key, Value string }

// Details are what the tarball itself does not tell; fields may be empty.
type Details struct {
	Python             string
	Runner             string
	CreatedAt          time.Time
	RequirementsHash   string
	RequirementsInputs string
	Repository         string
	Workflow           string
	RunID              string
	RunAttempt         string
	GitCommit          string
}

// Describe gives the record of a tarball: name, sum, size, wheels and what
// they need come from the inventory, the rest from the details.
func Describe(inv *wheelhouse.Inventory, d Details) Record {
	wheels := make([]string, 0, len(inv.Wheels))
	for _, w := range inv.Wheels {
		wheels = append(wheels, w.Name)
	}
	slices.Sort(wheels)
	platform, abi := Needs(wheels)
	return Record{
		Name:               inv.Name,
		SHA256:             inv.SHA256,
		Size:               inv.Size,
		CreatedAt:          d.CreatedAt.UTC().Truncate(time.Second),
		Runner:             strings.TrimSpace(d.Runner),
		Python:             d.Python,
		RequirementsHash:   d.RequirementsHash,
		Wheels:             wheels,
		RequirementsInputs: d.RequirementsInputs,
		Platform:           platform,
		ABI:                abi,
		Repository:         d.Repository,
		Workflow:           d.Workflow,
		RunID:              d.RunID,
		RunAttempt:         d.RunAttempt,
		GitCommit:          d.GitCommit,
	}
}

// Encode gives the record's one canonical text, unknown keys last. It refuses
// what Parse would: a record without name, sum, size, time or wheels, and
// values that hold control characters. Code: bad-meta.
func (r Record) Encode() ([]byte, error) {
	wheels := slices.Sorted(slices.Values(r.Wheels))
	pairs := []Pair{
		{"name", r.Name},
		{"sha256", r.SHA256},
		{"size", strconv.FormatInt(r.Size, 10)},
		{"created_at", r.CreatedAt.UTC().Format(time.RFC3339)},
		{"runner", r.Runner},
		{"python", r.Python},
		{"requirements_hash", r.RequirementsHash},
		{"wheels", strings.Join(wheels, ",")},
	}
	for _, p := range []Pair{
		{"requirements_inputs", r.RequirementsInputs},
		{"platform", r.Platform},
		{"abi", r.ABI},
		{"repository", r.Repository},
		{"workflow", r.Workflow},
		{"run_id", r.RunID},
		{"run_attempt", r.RunAttempt},
		{"git_commit", r.GitCommit},
	} {
		if p.Value != "" {
			pairs = append(pairs, p)
		}
	}
	var text strings.Builder
	for _, p := range append(pairs, r.Unknown...) {
		if strings.Contains(p.Value, "\n") {
			return nil, fault.New(fault.Refused, "bad-meta", "writing the record of %q: the value of %q holds a line feed", r.Name, p.Key)
		}
		text.WriteString(p.Key)
		text.WriteByte('=')
		text.WriteString(p.Value)
		text.WriteByte('\n')
	}
	// Whatever is written must be readable: the reader's rules are the rules.
	back, err := Parse([]byte(text.String()), r.Name+Suffix)
	if err != nil {
		return nil, fault.New(fault.Refused, "bad-meta", "writing the record of %q: %w", r.Name, err)
	}
	if !slices.Equal(back.Wheels, wheels) {
		return nil, fault.New(fault.Refused, "bad-meta", "writing the record of %q: a wheel's name holds a comma", r.Name)
	}
	return []byte(text.String()), nil
}
