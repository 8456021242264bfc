package ocistore

import (
	"context"
	"encoding/json"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

// The media types of artifacts, of what they are made of, and of the lock of gc.
const (
	artifactType = "application/vnd.wheelhouse.v1"
	entryType    = "application/vnd.wheelhouse.entry.v1+json"
	wheelType    = "application/vnd.wheelhouse.wheel.v1+zip"
	frameType    = "application/vnd.wheelhouse.frame.v1"
	gcType       = "application/vnd.wheelhouse.gc.v1"
	octets       = "application/octet-stream"
)

// keyAnnotation holds the key, which a hashed tag does not tell, and which shows
// that a manifest was not only tagged as if it were another.
const keyAnnotation = "vnd.wheelhouse.key"

// manifest is an OCI manifest of ours.
type manifest struct {
	ocispec.Manifest
	key string
}

// created gives when the manifest was pushed; zero: nobody knows.
func (m manifest) created() time.Time {
	t, err := time.Parse(time.RFC3339, m.Annotations[ocispec.AnnotationCreated])
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// layersOf gives the layers of a key's manifest: all blobs that the store's own
// manifest names, so that the registry keeps them, under each of their names.
// The lock of gc has none.
func layersOf(key string, data []byte) ([]ocispec.Descriptor, error) {
	if key == gcKey {
		return nil, nil
	}
	m, err := store.ParseManifest(data, key)
	if err != nil {
		return nil, err
	}
	var layers []ocispec.Descriptor
	add := func(p store.Part, title, mediaType string) {
		layers = append(layers, ocispec.Descriptor{
			MediaType: mediaType, Digest: digest.NewDigestFromEncoded(digest.SHA256, p.SHA256), Size: p.Size,
			Annotations: map[string]string{ocispec.AnnotationTitle: title},
		})
	}
	if slices.Contains(m.Parts(), m.Tarball) { // it is stored as it is
		add(m.Tarball, m.Tarball.Name, "application/gzip")
	} else {
		for _, w := range m.Wheels {
			add(w, w.Name, wheelType)
		}
	}
	if m.Frame != nil {
		add(*m.Frame, m.Tarball.Name+".frame", frameType)
	}
	for _, f := range m.Files {
		add(f, f.Name, fileType(f.Name))
	}
	return layers, nil
}

// fileType gives the media type of a record's file by its name.
func fileType(name string) string {
	switch path.Ext(name) {
	case ".toml":
		return "application/toml"
	case ".json":
		return "application/json"
	case ".txt", ".meta", ".pin", ".in":
		return "text/plain"
	}
	return octets
}

func configType(key string) string {
	if key == gcKey {
		return gcType
	}
	return entryType
}

// encode gives an OCI manifest and its descriptor. But for the time it is a
// function of key, config and layers.
func encode(key string, config ocispec.Descriptor, layers []ocispec.Descriptor, now time.Time) (ocispec.Descriptor, []byte, error) {
	if len(layers) == 0 {
		// Registries want one; the config is there already.
		layer := config
		layer.Annotations = map[string]string{ocispec.AnnotationTitle: path.Base(key)}
		layers = []ocispec.Descriptor{layer}
	}
	text, err := json.Marshal(ocispec.Manifest{
		Versioned:    specs.Versioned{SchemaVersion: 2},
		MediaType:    ocispec.MediaTypeImageManifest,
		ArtifactType: artifactType,
		Config:       config,
		Layers:       layers,
		Annotations: map[string]string{
			ocispec.AnnotationCreated: now.UTC().Format(time.RFC3339),
			keyAnnotation:             key,
		},
	})
	if err == nil && len(text) > maxManifest {
		err = fault.New(fault.Unable, "store-full", "the OCI manifest has %d bytes; registries take %d", len(text), maxManifest)
	}
	desc := content.NewDescriptorFromBytes(ocispec.MediaTypeImageManifest, text)
	desc.ArtifactType = artifactType
	return desc, text, err
}

// manifest reads a tag's manifest. What is not ours, or too large, is an error.
func (s *Store) manifest(ctx context.Context, tag string) (manifest, error) {
	desc, body, err := s.repo.Manifests().FetchReference(ctx, tag)
	if err != nil {
		return manifest{}, err
	}
	defer func() { _ = body.Close() }() // it was read to its end, or refused
	if desc.Size > maxManifest {
		return manifest{}, s.corrupt("the manifest %s has %d bytes", tag, desc.Size)
	}
	text, err := content.ReadAll(body, desc)
	if err != nil {
		return manifest{}, s.corrupt("reading the manifest %s: %v", tag, err)
	}
	var m manifest
	if err := json.Unmarshal(text, &m.Manifest); err != nil {
		return manifest{}, s.corrupt("the manifest %s cannot be read: %v", tag, err)
	}
	m.key = m.Annotations[keyAnnotation]
	if m.ArtifactType != artifactType || tagOf(m.key) != tag || m.key != gcKey && !isEntry(m.key) {
		return manifest{}, errForeign{s.corrupt("%s is no wheelhouse but %q of %q", tag, m.ArtifactType, m.key)}
	}
	if m.Config.Size < 0 || m.Config.Size > maxConfig || m.Config.Digest.Validate() != nil || m.Config.Digest.Algorithm() != digest.SHA256 {
		return manifest{}, s.corrupt("the manifest %s names an impossible config", tag)
	}
	return m, nil
}

// errForeign marks a manifest that somebody else put under a tag like ours.
type errForeign struct{ error }

func (e errForeign) Unwrap() error { return e.error }

// blobKeys gives the keys of the blobs that a manifest names, with their sizes.
func (m manifest) blobKeys() map[string]int64 {
	keys := map[string]int64{}
	for _, layer := range m.Layers {
		if layer.Digest.Validate() == nil && layer.Digest.Algorithm() == digest.SHA256 && layer.Digest != m.Config.Digest {
			keys[blobs+strings.ToLower(layer.Digest.Encoded())] = layer.Size
		}
	}
	return keys
}
