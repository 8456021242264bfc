package targets

import (
	"context"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/atomicfile"
	"github.com/wheelhouse-ci/wheelhouse/ci/provenance"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// Attest writes a tarball's inventory, statement and checksums.
//
// Beside the tarball and its record: <tarball>.cdx.json, a CycloneDX inventory
// of the wheels; <tarball>.intoto.jsonl, an in-toto statement with SLSA
// provenance; and <tarball>.sha256sums, which sha256sum -c reads. The same
// tarball of the same run gives the same bytes. A signed set is not changed.
func Attest(ctx context.Context,
	tar *string, // the tarball (default: the one that build makes)
	json *bool, // print an object with "tarball", "wheels" and "files" (default: a line each)
) error {
	return begin(ctx, "attest", func(ctx context.Context, s *session) error {
		tarball, err := s.tarball(ctx, tar)
		if err != nil {
			return err
		}
		return s.attest(ctx, tarball, on(json))
	})
}

// attest writes the papers beside the tarball, the checksums last: they cover
// the others.
func (s *session) attest(ctx context.Context, tarball string, asJSON bool) error {
	if provenance.Signed(tarball) {
		return fault.New(fault.Refused, "already-signed", "attesting %s: its set of files is signed, and not changed any more", s.show(tarball)).
			WithHint("sign what was begun, mage %s, or remove its .asc files if the change is right", s.typed("sign"))
	}
	l := s.Limits
	end := s.steps.Step("reading " + s.show(tarball))
	a, err := provenance.Attest(ctx, tarball, provenance.AttestOptions{
		Limits:  s.limits(),
		Wheels:  wheel.Limits{Members: l.WheelMembers, Bytes: l.WheelBytes, Ratio: l.WheelRatio, MetadataBytes: l.WheelMetadataBytes},
		Version: version, Getenv: s.getenv,
	})
	end()
	if fault.Code(err) == "no-meta" {
		return fault.New(fault.Refused, "no-meta", "attesting %s: there is no record beside it", s.show(tarball)).
			WithHint("write it: mage %s -tar=%s", s.typed("meta"), s.show(tarball))
	}
	if err != nil {
		return err
	}
	var files []string
	for _, f := range []struct {
		suffix string
		data   []byte
	}{{provenance.SBOMSuffix, a.SBOM}, {provenance.StatementSuffix, a.Statement}, {provenance.ChecksumsSuffix, a.Checksums}} {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := atomicfile.Write(tarball+f.suffix, f.data, 0o644); err != nil {
			return fault.New(fault.Unable, "not-written", "writing %s: %w", s.show(tarball+f.suffix), err)
		}
		files = append(files, s.show(tarball+f.suffix))
	}
	if asJSON {
		return report.JSON(s.stdout, struct {
			Tarball string   `json:"tarball"`
			Wheels  int      `json:"wheels"`
			Files   []string `json:"files"`
		}{s.show(tarball), a.Wheels, files})
	}
	for _, f := range files {
		if err := s.printf("%s\n", report.Visible(f)); err != nil {
			return err
		}
	}
	return nil
}
