package provenance

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// What a statement of ours is, by its URIs.
const (
	inTotoType    = "https://in-toto.io/Statement/v1"
	slsaPredicate = "https://slsa.dev/provenance/v1"
	// buildType is described by docs/formats.md.
	buildType = "https://github.com/wheelhouse-ci/wheelhouse/blob/main/docs/formats.md#build-type-v1"
	// localBuilder is the builder's id of what no CI made.
	localBuilder = "https://github.com/wheelhouse-ci/wheelhouse/blob/main/docs/formats.md#local-builder"
)

// statement is an in-toto statement, version 1, its fields in the order that
// they are written in.
type statement struct {
	Type          string     `json:"_type"`
	Subject       []resource `json:"subject"`
	PredicateType string     `json:"predicateType"`
	Predicate     predicate  `json:"predicate"`
}

// resource is a ResourceDescriptor.
type resource struct {
	Name   string `json:"name,omitempty"`
	URI    string `json:"uri,omitempty"`
	Digest digest `json:"digest"`
}

type digest struct {
	SHA256    string `json:"sha256,omitempty"`
	GitCommit string `json:"gitCommit,omitempty"`
}

// predicate is SLSA's provenance, version 1.
type predicate struct {
	BuildDefinition buildDefinition `json:"buildDefinition"`
	RunDetails      runDetails      `json:"runDetails"`
}

type buildDefinition struct {
	BuildType    string             `json:"buildType"`
	External     externalParameters `json:"externalParameters"`
	Internal     internalParameters `json:"internalParameters"`
	Dependencies []resource         `json:"resolvedDependencies"`
}

type externalParameters struct {
	Workflow     *workflow         `json:"workflow,omitempty"`
	Inputs       map[string]string `json:"inputs"`
	Requirements string            `json:"requirements,omitempty"`
}

type workflow struct {
	Ref        string `json:"ref"`
	Repository string `json:"repository"`
	Path       string `json:"path"`
}

type internalParameters struct {
	GitHub          *github `json:"github,omitempty"`
	PlatformTag     string  `json:"platformTag,omitempty"`
	SourceDateEpoch int64   `json:"sourceDateEpoch"`
}

type github struct {
	Event      string `json:"event_name"`
	Repository string `json:"repository_id"`
	Owner      string `json:"repository_owner_id"`
	Runner     string `json:"runner_environment"`
}

type runDetails struct {
	Builder    builder     `json:"builder"`
	Metadata   runMetadata `json:"metadata"`
	Byproducts []resource  `json:"byproducts"`
}

type builder struct {
	ID      string            `json:"id"`
	Version map[string]string `json:"version,omitempty"`
}

type runMetadata struct {
	InvocationID string `json:"invocationId,omitempty"`
	FinishedOn   string `json:"finishedOn"`
}

// made is what a statement is made from.
type made struct {
	inventory *wheelhouse.Inventory
	record    meta.Record
	// recordSum and lockSum are the files' sha256; lockSum is empty where there
	// is no lock.
	recordSum, lockSum string
	version            string
	getenv             func(string) (string, bool)
}

// statement says how the tarball was built, as far as its record does, and the
// CI's environment where it is that of the record's run.
func (m made) statement() ([]byte, error) {
	inv, r := m.inventory, m.record
	ci := m.run()
	s := statement{
		Type: inTotoType, Subject: []resource{{Name: inv.Name, Digest: digest{SHA256: inv.SHA256}}}, PredicateType: slsaPredicate,
	}
	def := &s.Predicate.BuildDefinition
	def.BuildType = buildType
	def.External = externalParameters{Workflow: ci.workflow, Inputs: map[string]string{"python": r.Python}, Requirements: r.RequirementsInputs}
	def.Internal = internalParameters{GitHub: ci.github, PlatformTag: r.Platform, SourceDateEpoch: r.CreatedAt.Unix()}
	def.Dependencies = []resource{}
	if r.GitCommit != "" {
		source := resource{Name: "source", Digest: digest{GitCommit: r.GitCommit}}
		if r.Repository != "" {
			source.Name, source.URI = "", "git+"+ci.server+"/"+r.Repository
		}
		if source.URI != "" && ci.workflow != nil {
			source.URI += "@" + ci.workflow.Ref
		}
		def.Dependencies = append(def.Dependencies, source)
	}
	if r.RequirementsHash != "" {
		def.Dependencies = append(def.Dependencies, resource{Name: "requirements", Digest: digest{SHA256: r.RequirementsHash}})
	}
	for _, w := range inv.Wheels {
		name, err := wheel.ParseName(w.Name)
		if err != nil {
			return nil, err
		}
		def.Dependencies = append(def.Dependencies, resource{w.Name, packageURL(w.Name, name), digest{SHA256: w.SHA256}})
	}
	details := &s.Predicate.RunDetails
	details.Builder = builder{ID: ci.builder, Version: m.versions()}
	details.Metadata = runMetadata{InvocationID: ci.invocation, FinishedOn: r.CreatedAt.UTC().Format(time.RFC3339)}
	details.Byproducts = []resource{{Name: inv.Name + meta.Suffix, Digest: digest{SHA256: m.recordSum}}}
	if m.lockSum != "" {
		details.Byproducts = append(details.Byproducts, resource{Name: lock.FileName(inv.Name), Digest: digest{SHA256: m.lockSum}})
	}
	return encodeJSON(s, "")
}

func (m made) versions() map[string]string {
	if m.version == "" {
		return nil
	}
	return map[string]string{"wheelhouse": m.version}
}

// ciRun is the run that built, as the environment tells it.
type ciRun struct {
	server, builder, invocation string
	workflow                    *workflow // nil: not known
	github                      *github   // nil: not known
}

// run takes the CI's environment only where it is of the record's own run.
// What was built elsewhere, or cannot be told, has the local builder's id, and
// so has a run of GitHub's workflows on a machine of one's own with act.
func (m made) run() ciRun {
	get := func(name string) string {
		if m.getenv == nil {
			return ""
		}
		value, _ := m.getenv(name)
		return strings.ToValidUTF8(value, "")
	}
	r := m.record
	ci := ciRun{server: "https://github.com", builder: localBuilder}
	same := r.RunID != "" && get("GITHUB_RUN_ID") == r.RunID && get("GITHUB_REPOSITORY") == r.Repository && get("GITHUB_RUN_ATTEMPT") == r.RunAttempt
	if same && strings.HasPrefix(get("GITHUB_SERVER_URL"), "https://") {
		ci.server = get("GITHUB_SERVER_URL")
	}
	if page := runPage(r); page != "" {
		ci.invocation = ci.server + "/" + page
	}
	full := get("GITHUB_WORKFLOW_REF")
	where, ref, _ := strings.Cut(full, "@")
	path, ours := strings.CutPrefix(where, r.Repository+"/")
	if !same || !ours || ref == "" || get("ACT") == "true" {
		return ci
	}
	ci.builder = ci.server + "/" + full
	ci.workflow = &workflow{Ref: ref, Repository: ci.server + "/" + r.Repository, Path: path}
	ci.github = &github{get("GITHUB_EVENT_NAME"), get("GITHUB_REPOSITORY_ID"), get("GITHUB_REPOSITORY_OWNER_ID"), get("RUNNER_ENVIRONMENT")}
	return ci
}

// runPage is the path of a record's run at its server; empty where the record
// names none.
func runPage(r meta.Record) string {
	if r.RunID == "" || r.Repository == "" {
		return ""
	}
	page := r.Repository + "/actions/runs/" + r.RunID
	if r.RunAttempt != "" {
		page += "/attempts/" + r.RunAttempt
	}
	return page
}

// parseStatement reads a statement that attest wrote.
func parseStatement(data []byte) (s statement, err error) {
	if len(data) > maxStatement {
		return s, fmt.Errorf("it has more than %d bytes", maxStatement)
	}
	if err := decodeJSON(data, &s, ""); err != nil {
		return s, err
	}
	switch {
	case s.Type != inTotoType || s.PredicateType != slsaPredicate:
		return s, errors.New("it is no in-toto statement v1 of SLSA provenance v1")
	case s.Predicate.BuildDefinition.BuildType != buildType:
		return s, errors.New("its build type is not known")
	case len(s.Subject) != 1 || !isSum(s.Subject[0].Digest.SHA256):
		return s, errors.New("it has not one subject with a sha256")
	case s.Predicate.RunDetails.Builder.ID != s.ownBuilder():
		return s, errors.New("its builder is not its workflow")
	}
	return s, nil
}

// ownBuilder is the builder that a statement with that workflow has: else a
// fork's builder might pass where only the workflow is compared.
func (s statement) ownBuilder() string {
	w := s.Predicate.BuildDefinition.External.Workflow
	if w == nil {
		return localBuilder
	}
	return w.Repository + "/" + w.Path + "@" + w.Ref
}

// side is what the statement says of tarball and wheels.
func (s statement) side(name string) (side, error) {
	of := side{name: name, tarball: s.Subject[0].Name, sum: s.Subject[0].Digest.SHA256, wheels: map[string]string{}}
	for _, d := range s.Predicate.BuildDefinition.Dependencies {
		if !strings.HasPrefix(d.URI, "pkg:") {
			continue
		}
		parsed, err := wheel.ParseName(d.Name)
		if err != nil || d.URI != packageURL(d.Name, parsed) || !isSum(d.Digest.SHA256) {
			return of, fmt.Errorf("the wheel %.80q is not named rightly", d.Name)
		}
		if err := of.add(d.Name, d.Digest.SHA256); err != nil {
			return of, err
		}
	}
	return of, nil
}

// commit, repository and workflow are what the statement names; empty: nothing.
func (s statement) commit() string {
	for _, d := range s.Predicate.BuildDefinition.Dependencies {
		if d.Digest.GitCommit != "" {
			return d.Digest.GitCommit
		}
	}
	return ""
}

func (s statement) repository() string {
	uri := ""
	for _, d := range s.Predicate.BuildDefinition.Dependencies {
		if d.Digest.GitCommit != "" {
			uri, _, _ = strings.Cut(strings.TrimPrefix(d.URI, "git+"), "@")
			break
		}
	}
	if w := s.Predicate.BuildDefinition.External.Workflow; w != nil {
		if uri != "" && w.Repository != uri {
			return w.Repository + " and " + uri
		}
		uri = w.Repository
	}
	_, path, _ := strings.Cut(uri, "://")
	_, path, _ = strings.Cut(path, "/")
	return path
}

// run is the run and attempt that the statement names, as its page's path in
// the repository; empty: none.
func (s statement) run() string {
	_, path, _ := strings.Cut(s.Predicate.RunDetails.Metadata.InvocationID, "://")
	_, path, _ = strings.Cut(path, "/")
	return path
}

func (s statement) workflow() string {
	if w := s.Predicate.BuildDefinition.External.Workflow; w != nil {
		return w.Path
	}
	return ""
}

// expect holds the statement against what it must name.
func (s statement) expect(e Expected, file string) []Check {
	var checks []Check
	for _, of := range []struct{ what, wanted, is, key string }{
		{"repository", e.Repository, s.repository(), "trust.repository"},
		{"workflow", e.Workflow, s.workflow(), "trust.workflow"},
		{"builder", e.Builder, s.Predicate.RunDetails.Builder.ID, "trust.builder"},
		{"commit", e.Commit, s.commit(), "-commit"},
	} {
		c := Check{Name: CheckStatement, Subject: filepath.Base(file), Result: Pass, State: OK, Reason: "its " + of.what + " is " + of.is}
		switch {
		case of.wanted == "":
			c.Result, c.State, c.Reason = Skip, NotCompared, "its "+of.what+" is not compared: "+of.key+" is not set"
		case of.wanted == of.is, (of.what == "repository" || of.what == "commit") && strings.EqualFold(of.wanted, of.is):
		default:
			c.Result, c.State = Fail, "wrong-"+of.what
			c.Reason = fmt.Sprintf("it names the %s %.200q, and %.200q is expected", of.what, of.is, of.wanted)
			c.Hint = "it was built elsewhere or of something else: do not use it"
		}
		checks = append(checks, c)
	}
	return checks
}
