package provenance

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

const (
	// maxSBOM is the most bytes of an SBOM: 10,000 wheels take 10 MB.
	maxSBOM = 64 << 20
	// maxEdges is the most dependencies that an SBOM tells of.
	maxEdges = 200_000
	// tarballRef is the tarball's own place in the SBOM.
	tarballRef = "tarball"
)

// sbom is a CycloneDX 1.6 document, its fields in the order that they are
// written in.
type sbom struct {
	BOMFormat    string       `json:"bomFormat"`
	SpecVersion  string       `json:"specVersion"`
	SerialNumber string       `json:"serialNumber"`
	Version      int          `json:"version"`
	Metadata     sbomMetadata `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type sbomMetadata struct {
	Timestamp string    `json:"timestamp"`
	Component component `json:"component"`
}

type component struct {
	Type     string    `json:"type"`
	Ref      string    `json:"bom-ref"`
	Name     string    `json:"name"`
	Version  string    `json:"version,omitempty"`
	Hashes   []sumHash `json:"hashes"`
	Licenses []license `json:"licenses,omitempty"`
	PURL     string    `json:"purl,omitempty"`
}

type sumHash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

// license is an SPDX expression, or a name.
type license struct {
	Expression string        `json:"expression,omitempty"`
	License    *namedLicense `json:"license,omitempty"`
}

type namedLicense struct {
	Name string `json:"name"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn,omitempty"`
}

// encodeSBOM gives the inventory of a tarball: a component a wheel. It depends
// on nothing but the tarball and its record.
func encodeSBOM(inv *wheelhouse.Inventory, record meta.Record, contents []wheel.Metadata) ([]byte, error) {
	doc := sbom{
		BOMFormat: "CycloneDX", SpecVersion: "1.6", SerialNumber: serial(inv.SHA256), Version: 1,
		Metadata: sbomMetadata{
			Timestamp: record.CreatedAt.UTC().Format(time.RFC3339),
			Component: component{Type: "file", Ref: tarballRef, Name: inv.Name, Hashes: sha256Of(inv.SHA256)},
		},
	}
	root := dependency{Ref: tarballRef}
	byProject := map[string][]string{}
	for i, w := range inv.Wheels {
		c, err := wheelComponent(w, contents[i])
		if err != nil {
			return nil, err
		}
		doc.Components = append(doc.Components, c)
		root.DependsOn = append(root.DependsOn, c.Ref)
		byProject[c.Name] = append(byProject[c.Name], c.Ref)
	}
	doc.Dependencies = append(doc.Dependencies, root)
	edges := 0
	for i, c := range doc.Components {
		d := dependency{Ref: c.Ref, DependsOn: needs(contents[i].RequiresDist, c.Name, byProject)}
		if edges += len(d.DependsOn); edges > maxEdges {
			return nil, fmt.Errorf("its wheels have more than %d dependencies", maxEdges)
		}
		doc.Dependencies = append(doc.Dependencies, d)
	}
	return doc.encode()
}

// wheelComponent is one wheel.
func wheelComponent(w wheelhouse.File, m wheel.Metadata) (component, error) {
	name, err := wheel.ParseName(w.Name)
	if err != nil {
		return component{}, err
	}
	purl := packageURL(w.Name, name)
	return component{
		Type: "library", Ref: purl, Name: name.Project, Version: name.Version,
		Hashes: sha256Of(w.SHA256), Licenses: licences(m), PURL: purl,
	}, nil
}

// packageURL is the purl of a wheel's file.
func packageURL(file string, name wheel.Name) string {
	return "pkg:pypi/" + name.Project + "@" + url.QueryEscape(name.Version) + "?file_name=" + url.QueryEscape(file)
}

func sha256Of(sum string) []sumHash { return []sumHash{{"SHA-256", sum}} }

// serial is a UUID (version 8) of the tarball's sha256.
func serial(sum string) string {
	raw, err := hex.DecodeString(sum)
	if err != nil || len(raw) < 16 {
		return ""
	}
	raw = raw[:16]
	raw[6], raw[8] = raw[6]&0x0f|0x80, raw[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:])
}

// licences gives what METADATA says: the SPDX expression, else the older text,
// else the classifiers.
func licences(m wheel.Metadata) []license {
	named := func(name string) license { return license{License: &namedLicense{name}} }
	switch {
	case m.LicenseExpression != "":
		return []license{{Expression: m.LicenseExpression}}
	case m.License != "":
		return []license{named(m.License)}
	}
	var all []license
	for _, c := range m.LicenseClassifiers {
		if all = append(all, named(c)); len(all) > 1 && slices.ContainsFunc(all[:len(all)-1], func(l license) bool { return l.License.Name == c }) {
			all = all[:len(all)-1]
		}
	}
	return all
}

// needs gives the wheels that are there and that one asks for. Markers are not
// evaluated: what is there is there for something.
func needs(requires []string, project string, present map[string][]string) []string {
	var refs []string
	for _, text := range requires {
		if r, err := requirements.ParseRequirement(text); err == nil && r.Project != project {
			refs = append(refs, present[r.Project]...)
		}
	}
	slices.Sort(refs)
	return slices.Compact(refs)
}

func (s sbom) encode() ([]byte, error) { return encodeJSON(s, "  ") }

// encodeJSON writes JSON with a line feed at its end; indent may be empty.
func encodeJSON(v any, indent string) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	err := e.Encode(v)
	return out.Bytes(), err
}

// errNotOurs: JSON that is not as this program writes it, to the byte: nothing
// unknown, nothing twice, so that all readers see the same.
var errNotOurs = errors.New("it is not in the form that attest writes")

// decodeJSON reads what encodeJSON wrote into v, and nothing else.
func decodeJSON(data []byte, v any, indent string) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return errNotOurs
	}
	if again, err := encodeJSON(v, indent); err != nil || !bytes.Equal(again, data) {
		return errNotOurs
	}
	return nil
}

// parseSBOM reads an SBOM that encodeSBOM wrote.
func parseSBOM(data []byte) (s sbom, err error) {
	if len(data) > maxSBOM {
		return s, fmt.Errorf("it has more than %d bytes", maxSBOM)
	}
	if err := decodeJSON(data, &s, "  "); err != nil {
		return s, err
	}
	if s.BOMFormat != "CycloneDX" || s.SpecVersion != "1.6" {
		return s, errors.New("it is no CycloneDX 1.6 document")
	}
	for _, c := range append([]component{s.Metadata.Component}, s.Components...) {
		if len(c.Hashes) != 1 || c.Hashes[0].Algorithm != "SHA-256" || !isSum(c.Hashes[0].Content) {
			return s, fmt.Errorf("the component %.80q has not one sha256", c.Name)
		}
	}
	return s, nil
}

// side is what the SBOM says of tarball and wheels.
func (s sbom) side(name string) (side, error) {
	of := side{name: name, tarball: s.Metadata.Component.Name, sum: s.Metadata.Component.Hashes[0].Content, wheels: map[string]string{}}
	for _, c := range s.Components {
		_, query, _ := strings.Cut(c.PURL, "?file_name=")
		file, err := url.QueryUnescape(query)
		parsed, bad := wheel.ParseName(file)
		if err != nil || bad != nil || c.PURL != packageURL(file, parsed) || c.Name != parsed.Project || c.Version != parsed.Version || c.Ref != c.PURL {
			return of, fmt.Errorf("name, version and purl of the component %.80q do not go together", c.Name)
		}
		if err := of.add(file, c.Hashes[0].Content); err != nil {
			return of, err
		}
	}
	if s.SerialNumber != serial(of.sum) {
		return of, errors.New("its serial number is not that of the tarball's sha256")
	}
	return of, nil
}

// isSum tells a sha256 in lower-case hex.
func isSum(s string) bool { return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == "" }
