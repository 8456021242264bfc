package actions

import (
	"fmt"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Artifact is one artifact of a run.
type Artifact struct {
	ID   int64
	Name string
	// Size in bytes, as the server says it.
	Size int64
	// SHA256 of the bytes that are served, in lower-case hex; empty where the
	// server does not say.
	SHA256    string
	Expired   bool
	CreatedAt time.Time
	ExpiresAt time.Time // zero where the server does not say
}

// Pick takes the artifact of that name, else the one named <name>-<run id>; of
// several, which attempts of one run leave, the newest that has not expired.
// Codes: artifact-missing, artifact-expired (both refused).
func Pick(artifacts []Artifact, name string, run int64) (Artifact, error) {
	var expired *Artifact
	for _, wanted := range []string{name, fmt.Sprintf("%s-%d", name, run)} {
		var best *Artifact
		for i, a := range artifacts {
			switch {
			case a.Name != wanted:
			case a.Expired:
				if expired == nil || expired.ID < a.ID {
					expired = &artifacts[i]
				}
			case best == nil || best.ID < a.ID:
				best = &artifacts[i]
			}
		}
		if best != nil {
			return *best, nil
		}
	}
	if expired != nil {
		when := ""
		if !expired.ExpiresAt.IsZero() {
			when = " on " + expired.ExpiresAt.UTC().Format(time.RFC3339)
		}
		return Artifact{}, fault.New(fault.Refused, "artifact-expired", "taking the artifact of run %d: %s expired%s", run, expired.Name, when)
	}
	return Artifact{}, fault.New(fault.Refused, "artifact-missing", "taking the artifact of run %d: it has none named %s%s", run, name, names(artifacts)).
		WithHint("name the one that you want: -artifact=NAME")
}

// names lists what there is instead.
func names(artifacts []Artifact) string {
	const most = 5
	if len(artifacts) == 0 {
		return ", and no other"
	}
	text := ", but "
	for i, a := range artifacts[:min(most, len(artifacts))] {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%q", a.Name)
	}
	if len(artifacts) > most {
		text += fmt.Sprintf(" and %d more", len(artifacts)-most)
	}
	return text
}
