package provenance

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// maxBundle is the most bytes of a Sigstore bundle.
const maxBundle = 16 << 20

// Attestor says what a Sigstore bundle is held against, and with which gh.
type Attestor struct {
	// Repository is OWNER/REPO; empty: the bundle is not judged, since gh must
	// know whose it should be.
	Repository string
	// Workflow is the path of the workflow that must have signed, in that
	// repository; empty: any of it.
	Workflow string
	// Root is a file with Sigstore's trusted root, with which no network is
	// needed; empty: gh fetches it.
	Root string
	// GH is the program; empty means gh, looked up in PATH of Environ.
	GH string
	// Environ is gh's environment.
	Environ []string
	// Dir is the folder that gh runs in; empty means the caller's.
	Dir string
}

// VerifyBundle checks the Sigstore bundle beside the tarball at path, whose
// sha256 is given in lower-case hex: that it is of this file is seen here, who
// signed it by `gh attestation verify`. A bundle of another file fails without
// gh as well; with none to ask, or none that can be, the check is skipped and
// its State is Unable. Codes: papers-unreadable (unable); the error of ctx.
func (a Attestor) VerifyBundle(ctx context.Context, path, sha256 string) (Check, error) {
	c, err := LookAtBundle(path, sha256)
	if err != nil || c.State != NotCompared {
		return c, err
	}
	if a.Repository == "" {
		c.Result, c.State, c.Reason = Skip, Unable, "nothing says whose it should be"
		c.Hint = "name the repository: trust.repository"
		return c, nil
	}
	c.Result = Fail
	return a.ask(ctx, path, sha256, c)
}

// LookAtBundle sees whether there is a bundle beside the tarball at path, which
// need not be there itself, and whether it is of the file with that sha256.
// Where it is, the check is skipped and its State is NotCompared: gh judges it
// by the tarball's bytes. Code: papers-unreadable (unable).
func LookAtBundle(path, sha256 string) (Check, error) {
	c := Check{Name: CheckBundle, Subject: filepath.Base(path) + BundleSuffix, Result: Fail}
	data, err := readBounded(path+BundleSuffix, maxBundle)
	switch {
	case gone(err):
		c.Result, c.State, c.Reason = Skip, Absent, "there is no bundle beside the tarball"
		c.Hint = "get the whole set of files: the workflow's attest step makes one"
		return c, nil
	case errors.Is(err, errTooLong):
		c.State, c.Reason = Malformed, fmt.Sprintf("it has more than %d bytes", maxBundle)
		return c, nil
	case err != nil:
		return c, fault.New(fault.Unable, "papers-unreadable", "reading %s: %w", path+BundleSuffix, err)
	}
	if c.State, c.Reason = bound(data, sha256); c.State != OK {
		c.Hint = getAgain
		return c, nil
	}
	c.Result, c.State, c.Reason = Skip, NotCompared, "it is of this tarball, whose bytes gh would judge it by are not here"
	return c, nil
}

// bound tells whether a bundle's statement is about the file with that sha256.
func bound(data []byte, sha256 string) (state, why string) {
	bundles := bytes.TrimSpace(data)
	var one struct {
		Envelope struct {
			Type    string `json:"payloadType"`
			Payload string `json:"payload"`
		} `json:"dsseEnvelope"`
	}
	// The attest action writes a line for each; more than one cannot be told
	// apart by who asks for "the" bundle.
	if err := json.Unmarshal(bundles, &one); err != nil {
		return Malformed, "it is not one Sigstore bundle"
	}
	payload, err := base64.StdEncoding.DecodeString(one.Envelope.Payload)
	if err != nil || one.Envelope.Type != "application/vnd.in-toto+json" {
		return Malformed, "it holds no in-toto statement"
	}
	subjects, err := subjectsOf(payload)
	if err != nil {
		return Malformed, "its statement cannot be read"
	}
	if !slices.Contains(subjects, sha256) {
		return "other-file", "it is a bundle of another file: its subjects do not have this tarball's sha256"
	}
	return OK, ""
}

// subjectsOf gives the sha256 of a statement's subjects.
func subjectsOf(statement []byte) ([]string, error) {
	var s struct {
		Subject []struct {
			Digest map[string]string `json:"digest"`
		} `json:"subject"`
	}
	if err := json.Unmarshal(statement, &s); err != nil {
		return nil, err
	}
	var all []string
	for _, one := range s.Subject {
		if sum := one.Digest["sha256"]; len(sum) == 64 {
			all = append(all, strings.ToLower(sum))
		}
	}
	return all, nil
}

// ask has gh judge the bundle. That gh ends with 0 is not enough: what it says
// that it verified must be about this file.
func (a Attestor) ask(ctx context.Context, path, sha256 string, c Check) (Check, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return c, err
	}
	args := []string{"attestation", "verify", absolute, "--bundle=" + absolute + BundleSuffix, "--repo=" + a.Repository, "--format=json"}
	if a.Workflow != "" {
		args = append(args, "--signer-workflow="+a.Repository+"/"+a.Workflow)
	}
	if a.Root != "" {
		args = append(args, "--custom-trusted-root="+a.Root)
	}
	if a.GH == "" {
		a.GH = "gh"
	}
	out, err := command.Command{Path: a.GH, Args: args, Env: a.Environ, Dir: a.Dir}.Pipe(ctx).Bytes()
	if ctx.Err() != nil {
		return c, ctx.Err()
	}
	switch {
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist):
		c.Result, c.State, c.Reason = Skip, Unable, "there is no gh here to judge it"
		c.Hint = "install GitHub's gh"
		return c, nil
	case err != nil:
		return unverified(c, err), nil
	}
	if verified(out, sha256) {
		c.Result, c.State, c.Reason = Pass, OK, "gh verified it against "+a.Repository
		return c, nil
	}
	c.State, c.Reason = "other-file", "gh did not say that it verified this file"
	c.Hint = getAgain
	return c, nil
}

// verified tells whether gh's answer names at least one attestation of the
// file, and none that is not.
func verified(answer []byte, sha256 string) bool {
	var all []struct {
		Result struct {
			Statement json.RawMessage `json:"statement"`
		} `json:"verificationResult"`
	}
	if json.Unmarshal(answer, &all) != nil || len(all) == 0 {
		return false
	}
	for _, one := range all {
		subjects, err := subjectsOf(one.Result.Statement)
		if err != nil || !slices.Contains(subjects, sha256) {
			return false
		}
	}
	return true
}

// elsewhere are the words by which gh tells that it could not look, rather than
// that it saw something wrong.
var elsewhere = []string{
	"dial tcp", "no such host", "connection refused", "i/o timeout", "network is unreachable", "tls:", "proxyconnect",
	"unknown command", "unknown flag", "gh auth login", "GH_TOKEN", "rate limit",
}

// unverified is the check where gh did not end with 0.
func unverified(c Check, err error) Check {
	said := err.Error()
	var exit *command.ExitError
	if errors.As(err, &exit) {
		said = lastLine(exit.Stderr)
		for _, words := range elsewhere {
			if strings.Contains(exit.Stderr, words) {
				c.Result = Skip
			}
		}
	} else {
		c.Result = Skip
	}
	if c.Result == Skip {
		c.State, c.Reason, c.Hint = Unable, fmt.Sprintf("gh could not judge it: %.200q", said), "give gh the network, or Sigstore's root in a file: trust.sigstore-root"
		return c
	}
	c.State, c.Reason = "refused", fmt.Sprintf("gh refuses it: %.200q", said)
	c.Hint = "look at trust.repository and trust.workflow; if they are right, use none of these files"
	return c
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}
