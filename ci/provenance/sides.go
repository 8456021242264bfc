package provenance

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// side is what one file says of the tarball and its wheels.
type side struct {
	name string
	// tarball is its name, sum its sha256; empty: it does not say.
	tarball, sum string
	// wheels are sha256 by file name, empty ones where it does not say; nil: it
	// does not list them.
	wheels map[string]string
}

// add adds a wheel, which must be new.
func (s *side) add(file, sum string) error {
	if _, twice := s.wheels[file]; twice {
		return fmt.Errorf("it names %s twice", file)
	}
	s.wheels[file] = sum
	return nil
}

func inventorySide(inv *wheelhouse.Inventory) side {
	s := side{name: "the tarball", tarball: inv.Name, sum: inv.SHA256, wheels: map[string]string{}}
	for _, w := range inv.Wheels {
		s.wheels[w.Name] = w.SHA256
	}
	return s
}

func recordSide(r meta.Record, name string) side {
	s := side{name: name, tarball: r.Name, sum: r.SHA256}
	if r.Wheels != nil {
		s.wheels = map[string]string{}
	}
	for _, w := range r.Wheels {
		s.wheels[w] = ""
	}
	return s
}

func lockSide(l lock.Lock, name string) side {
	s := side{name: name, tarball: l.Tarball, sum: l.SHA256, wheels: map[string]string{}}
	for _, w := range l.Wheels {
		s.wheels[w.File] = w.SHA256
	}
	return s
}

// disagree gives the first thing in which two sides differ, naming both; empty
// where they agree.
func disagree(a, b side) string {
	differ := func(what, x, y string) string {
		return fmt.Sprintf("%s: %s says %.100s, %s says %.100s", what, a.name, x, b.name, y)
	}
	switch {
	case a.tarball != "" && b.tarball != "" && a.tarball != b.tarball:
		return differ("the tarball's name", a.tarball, b.tarball)
	case a.sum != "" && b.sum != "" && a.sum != b.sum:
		return differ("the tarball's sha256", a.sum, b.sum)
	case a.wheels == nil || b.wheels == nil:
		return ""
	}
	for _, w := range slices.Sorted(maps.Keys(a.wheels)) {
		sum, both := b.wheels[w]
		if !both {
			return fmt.Sprintf("%.200s is in %s and not in %s", w, a.name, b.name)
		}
		if sum != "" && a.wheels[w] != "" && sum != a.wheels[w] {
			return differ("the sha256 of "+w, a.wheels[w], sum)
		}
	}
	for _, w := range slices.Sorted(maps.Keys(b.wheels)) {
		if _, both := a.wheels[w]; !both {
			return fmt.Sprintf("%.200s is in %s and not in %s", w, b.name, a.name)
		}
	}
	return ""
}

// papers are the files beside a tarball that tell of it.
type papers struct {
	path   string
	sides  []side
	checks []Check
}

// verifyPapers reads lock, SBOM and statement, and holds them against the
// tarball, the record and one another. agreement tells whether there is a
// record. Code: papers-unreadable.
func verifyPapers(path string, inv *wheelhouse.Inventory, record meta.Record, agreement Check, e Expected) ([]Check, error) {
	p := papers{path: path}
	base := filepath.Base(path)
	recorded := agreement.State != Absent && agreement.State != Malformed
	if inv != nil {
		p.sides = append(p.sides, inventorySide(inv))
	}
	if recorded {
		p.sides = append(p.sides, recordSide(record, base+meta.Suffix))
	}
	first := len(p.sides) // these were compared by whoever made agreement
	lockText, err := p.read(CheckAgreement, filepath.Join(filepath.Dir(path), lock.FileName(base)), lock.MaxBytes, func(data []byte, name string) (side, error) {
		l, err := lock.Parse(data, name)
		return lockSide(l, name), err
	})
	if err != nil {
		return nil, err
	}
	if _, err := p.read(CheckAgreement, path+SBOMSuffix, maxSBOM, func(data []byte, name string) (side, error) {
		doc, err := parseSBOM(data)
		if err != nil {
			return side{}, err
		}
		if at := record.CreatedAt.UTC().Format("2006-01-02T15:04:05Z"); recorded && doc.Metadata.Timestamp != at {
			return side{}, fmt.Errorf("its timestamp is %.40s, and %s says %s", doc.Metadata.Timestamp, base+meta.Suffix, at)
		}
		return doc.side(name)
	}); err != nil {
		return nil, err
	}
	if err := p.statement(record, recorded, lockText, e); err != nil {
		return nil, err
	}
	for j := first; j < len(p.sides); j++ {
		for _, other := range p.sides[:j] {
			if why := disagree(p.sides[j], other); why != "" {
				p.fail(CheckAgreement, p.sides[j].name, "mismatch", why)
			}
		}
	}
	if len(p.sides) > first && len(Refused(p.checks)) == 0 {
		p.checks = append(p.checks, Check{
			Name: CheckAgreement, Result: Pass, Subject: base, State: OK, Reason: fmt.Sprintf("%d files tell the same of it", len(p.sides)),
		})
	}
	return p.checks, nil
}

func (p *papers) fail(check, subject, state, why string) {
	p.checks = append(p.checks, Check{
		Name: check, Result: Fail, Subject: subject, State: state, Reason: why,
		Hint: "the files are not of one build: get the set again from where it was published",
	})
}

// read reads one file and takes its side. What is malformed has failed; what is
// not there is passed over, and its data is nil.
func (p *papers) read(check, file string, most int64, parse func(data []byte, name string) (side, error)) ([]byte, error) {
	data, err := readBounded(file, most)
	switch {
	case gone(err):
		return nil, nil
	case errors.Is(err, errTooLong):
		p.fail(check, filepath.Base(file), Malformed, fmt.Sprintf("it has more than %d bytes", most))
		return nil, nil
	case err != nil:
		return nil, fault.New(fault.Unable, "papers-unreadable", "reading %s: %w", file, err)
	}
	s, err := parse(data, filepath.Base(file))
	if err != nil {
		p.fail(check, filepath.Base(file), Malformed, err.Error())
		return data, nil
	}
	p.sides = append(p.sides, s)
	return data, nil
}

// statement reads the statement and holds it against what is expected.
func (p *papers) statement(record meta.Record, recorded bool, lockText []byte, e Expected) error {
	var s statement
	var badKey error
	wrapped, parsed := false, false
	file := p.path + StatementSuffix
	data, err := p.read(CheckStatement, file, 2*maxStatement, func(data []byte, name string) (of side, err error) {
		var payload []byte
		payload, wrapped, err = unwrap(data, e.DSSEKey)
		if fault.Code(err) == "bad-dsse-key" {
			badKey = err
		}
		if err == nil {
			s, err = parseStatement(payload)
		}
		if err == nil {
			parsed = true
			of, err = s.side(name)
		}
		return of, err
	})
	if err != nil || badKey != nil {
		return errors.Join(badKey, err)
	}
	c := Check{Name: CheckStatement, Result: Pass, Subject: filepath.Base(file), State: OK, Reason: "it is a statement of SLSA provenance"}
	if data == nil {
		if len(p.checks) == 0 || p.checks[len(p.checks)-1].Subject != c.Subject {
			c.Result, c.State, c.Reason, c.Hint = Skip, Absent, "there is no statement beside the tarball", "get the whole set of files"
			p.checks = append(p.checks, c)
		}
		return nil
	}
	if !parsed {
		return nil
	}
	if wrapped && e.DSSEKey == nil {
		c.Reason += "; who wrapped it in DSSE is not compared: trust.dsse-key is not set"
	}
	p.checks = append(append(p.checks, c), s.expect(e, file)...)
	if recorded {
		p.recorded(s, record, lockText)
	}
	return nil
}

// recorded holds the statement against the record, byte for byte and in what
// both tell, and against the lock.
func (p *papers) recorded(s statement, r meta.Record, lockText []byte) {
	base := filepath.Base(p.path)
	name := base + StatementSuffix
	for _, of := range []struct{ what, is, wanted string }{
		{"the commit", s.commit(), r.GitCommit}, {"the repository", s.repository(), r.Repository},
		{"the run", s.run(), runPage(r)},
		{"the Python", s.Predicate.BuildDefinition.External.Inputs["python"], r.Python},
		{"the requirements", s.Predicate.BuildDefinition.External.Requirements, r.RequirementsInputs},
		{"the platform", s.Predicate.BuildDefinition.Internal.PlatformTag, r.Platform},
		{"the time", s.Predicate.RunDetails.Metadata.FinishedOn, r.CreatedAt.UTC().Format("2006-01-02T15:04:05Z")},
	} {
		if of.is != of.wanted && !(of.what == "the repository" && r.GitCommit == "") {
			p.fail(CheckAgreement, name, "mismatch", fmt.Sprintf("%s: %s says %.200q, %s says %.200q", of.what, name, of.is, base+meta.Suffix, of.wanted))
		}
	}
	if data, err := readBounded(p.path+meta.Suffix, meta.MaxBytes); err == nil {
		p.byproduct(s, base+meta.Suffix, data)
	}
	if lockText != nil {
		p.byproduct(s, lock.FileName(base), lockText)
	}
}

// byproduct holds a file against the sha256 that the statement gives for it.
func (p *papers) byproduct(s statement, file string, data []byte) {
	name := filepath.Base(p.path) + StatementSuffix
	for _, b := range s.Predicate.RunDetails.Byproducts {
		if b.Name == file {
			if is := sumText(data); is != b.Digest.SHA256 {
				p.fail(CheckAgreement, name, "mismatch", fmt.Sprintf("the sha256 of %s is %s, %s says %.64s", file, is, name, b.Digest.SHA256))
			}
			return
		}
	}
	p.fail(CheckAgreement, name, "mismatch", fmt.Sprintf("%s is there, and %s does not name it", file, name))
}
