package verdict

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
)

// MaxBytes is the most that a verdict may hold.
const MaxBytes = 16 << 20

// maxProofs and maxFindings bound what a verdict counts.
const (
	maxProofs   = 1000
	maxFindings = 20_000
)

// Encode gives the verdict's text: indented JSON, a final newline. It refuses
// what Parse would. Code: bad-verdict.
func (v Verdict) Encode() ([]byte, error) {
	if v.Version == 0 {
		v.Version = Version
	}
	v.ProvenAt = v.ProvenAt.UTC().Truncate(time.Second)
	// A reader in another language finds lists, never null.
	proofs := make([]Proof, len(v.Proofs))
	for i, p := range v.Proofs {
		if p.Findings == nil {
			p.Findings = []finding.Finding{}
		}
		proofs[i] = p
	}
	v.Proofs = proofs
	if err := v.check(); err != nil {
		return nil, fault.New(fault.Refused, "bad-verdict", "writing the verdict of %q: %w", v.Tarball, err)
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return nil, fault.New(fault.Refused, "bad-verdict", "writing the verdict of %q: %w", v.Tarball, err)
	}
	if text.Len() > MaxBytes {
		return nil, fault.New(fault.Refused, "bad-verdict", "writing the verdict of %q: larger than %d bytes", v.Tarball, MaxBytes)
	}
	return text.Bytes(), nil
}

// Parse reads a verdict; file names it in errors. Data larger than MaxBytes is
// refused, fields that are not known are passed over. Code: bad-verdict.
func Parse(data []byte, file string) (Verdict, error) {
	v, err := parse(data)
	if err != nil {
		return Verdict{}, fault.New(fault.Refused, "bad-verdict", "reading the verdict %s: %w", file, err)
	}
	return v, nil
}

func parse(data []byte) (Verdict, error) {
	if len(data) > MaxBytes {
		return Verdict{}, fmt.Errorf("larger than %d bytes", MaxBytes)
	}
	if !utf8.Valid(data) {
		return Verdict{}, errors.New("it is not UTF-8")
	}
	var v Verdict
	decoder := json.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&v); err != nil {
		return Verdict{}, whereInText(data, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Verdict{}, errors.New("something follows the verdict")
	}
	v.ProvenAt = v.ProvenAt.UTC().Truncate(time.Second)
	if err := v.check(); err != nil {
		return Verdict{}, err
	}
	return v, nil
}

// whereInText adds the line to an error of the JSON reader.
func whereInText(data []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it is empty or cut short")
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d: %w", 1+bytes.Count(data[:min(int(syntax.Offset), len(data))], []byte("\n")), err)
	case errors.As(err, &kind):
		return fmt.Errorf("line %d: %s is not of the right type", 1+bytes.Count(data[:min(int(kind.Offset), len(data))], []byte("\n")), kind.Field)
	}
	return err
}

// check holds the values to their forms.
func (v Verdict) check() error {
	switch {
	case v.Version != Version:
		return fmt.Errorf("its version is %d, and not %d", v.Version, Version)
	case v.Tarball == "" || strings.ContainsAny(v.Tarball, `/\`) || hasControl(v.Tarball):
		return errors.New("tarball is not a file's base name")
	case len(v.SHA256) != 64 || strings.Trim(v.SHA256, "0123456789abcdef") != "":
		return errors.New("sha256 is not 64 lower-case hex digits")
	case v.ProvenAt.Year() < 1970 || v.ProvenAt.Year() > 9999:
		return errors.New("proven_at is no time")
	case len(v.Proofs) > maxProofs:
		return fmt.Errorf("more than %d proofs", maxProofs)
	}
	for i, p := range v.Proofs {
		if err := p.check(); err != nil {
			return fmt.Errorf("proof %d: %w", i+1, err)
		}
	}
	return nil
}

func (p Proof) check() error {
	switch {
	case p.Result != Pass && p.Result != Fail:
		return fmt.Errorf("its result is %q, neither PASS nor FAIL", p.Result)
	case p.Result == Pass && finding.Failed(p.Findings):
		return errors.New("its result is PASS, and a finding fails it")
	case p.Python == "" || slices.ContainsFunc([]string{p.Python, p.Installer, p.Isolation, p.Platform}, hasControl):
		return errors.New("python is missing, or a value holds control characters")
	case p.Installed < 0 || p.Tests.Passed < 0 || p.Tests.Failed < 0 || p.Tests.Skipped < 0 || p.DurationMillis < 0:
		return errors.New("a count is negative")
	case len(p.Findings) > maxFindings:
		return fmt.Errorf("more than %d findings", maxFindings)
	}
	for i, f := range p.Findings {
		if f.Code == "" || f.Severity != finding.Fail && f.Severity != finding.Warn && f.Severity != finding.Info {
			return fmt.Errorf("finding %d: no code, or the severity %q", i+1, f.Severity)
		}
	}
	return nil
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 })
}
