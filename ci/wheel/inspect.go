package wheel

import (
	"archive/zip"
	"io"
	"strconv"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Metadata is what a wheel's METADATA says (core metadata specification).
type Metadata struct {
	// Name and Version as they are spelled, never empty.
	Name    string
	Version string
	// RequiresPython is the specifier set; empty for none.
	RequiresPython string
	// RequiresDist holds the requirements in the file's order.
	RequiresDist []string
	// ProvidesExtra holds the extras as they are spelled, in the file's order.
	ProvidesExtra []string
	// LicenseExpression is the SPDX expression (PEP 639); License the older
	// free text; both may be empty.
	LicenseExpression, License string
	// LicenseClassifiers are the classifiers that begin with "License ::".
	LicenseClassifiers []string
}

// Contents is what Inspect read of one wheel.
type Contents struct {
	// Metadata is zero where METADATA could not be read.
	Metadata
	// Folder is the name of the folder that METADATA lies in,
	// "numpy-1.26.4.dist-info"; empty where there is not one such folder.
	Folder string
	// Tags are the Tag lines of WHEEL as they are spelled; nil where WHEEL
	// could not be read, empty where it has none.
	Tags []string
	// Troubles are all that is wrong with it, an *fault.Error each; nil for
	// nothing. They do not name the wheel: the caller knows it.
	Troubles []error
}

// Unsafe tells whether the wheel must not be unpacked, nor read any further:
// it would leave its folder, or fill the disk.
func (c Contents) Unsafe() bool {
	for _, err := range c.Troubles {
		if code := fault.Code(err); code == "unsafe-member" || code == "zip-bomb" || code == "not-a-zip" {
			return true
		}
	}
	return false
}

// Inspect reads the directory, METADATA and WHEEL of the wheel in r, size bytes
// long. All that is wrong is in the Troubles of what it gives, with the codes
// of the package's manual.
func Inspect(r io.ReaderAt, size int64, limits Limits) Contents {
	limits = limits.orDefault()
	var c Contents
	archive, err := openZip(r, size, limits)
	if err != nil {
		c.trouble(err)
		return c
	}
	c.trouble(unsafeMembers(archive.File))
	c.trouble(limits.unpacks(archive.File, size))
	if c.Folder, err = distInfo(archive); err != nil {
		c.trouble(err)
		return c
	}
	c.Metadata, err = metadataOf(archive, c.Folder, limits)
	c.trouble(err)
	c.Tags, err = tagsOf(archive, c.Folder, limits)
	c.trouble(err)
	return c
}

// trouble takes note of what is wrong; nil is nothing.
func (c *Contents) trouble(err error) {
	if err != nil {
		c.Troubles = append(c.Troubles, err)
	}
}

func metadataOf(archive *zip.Reader, folder string, limits Limits) (Metadata, error) {
	member, err := find(archive, folder+"/METADATA", "metadata-missing")
	if err != nil {
		return Metadata{}, err
	}
	text, err := readMember(member, limits.MetadataBytes, "wheel-metadata-bytes", "bad-metadata")
	if err != nil {
		return Metadata{}, err
	}
	return parseMetadata(text)
}

func tagsOf(archive *zip.Reader, folder string, limits Limits) ([]string, error) {
	member, err := find(archive, folder+"/WHEEL", "wheel-missing")
	if err != nil {
		return nil, err
	}
	text, err := readMember(member, limits.MetadataBytes, "wheel-metadata-bytes", "bad-wheel")
	if err != nil {
		return nil, err
	}
	return parseWheel(text)
}

// parseWheel reads the tags of WHEEL (binary distribution format, "File
// contents"), and refuses a version of the format that installers refuse.
func parseWheel(text []byte) ([]string, error) {
	headers, err := parseHeaders(text, "WHEEL", "bad-wheel")
	if err != nil {
		return nil, err
	}
	tags, version := []string{}, ""
	for _, h := range headers {
		switch h.name {
		case "tag":
			tags = append(tags, h.value())
		case "wheel-version":
			if version == "" {
				version = h.value()
			}
		}
	}
	major, _, _ := strings.Cut(version, ".")
	switch n, err := strconv.Atoi(major); {
	case version == "":
		return nil, fault.New(fault.Refused, "bad-wheel", "reading WHEEL: it has no Wheel-Version")
	case err != nil || n < 0:
		return nil, fault.New(fault.Refused, "bad-wheel", "reading WHEEL: Wheel-Version %q is no version", version)
	case n > 1:
		return nil, fault.New(fault.Refused, "bad-wheel", "reading WHEEL: it is of version %s of the format, which installers do not take", version)
	}
	return tags, nil
}
