// Package ocistore keeps a store in a repository of an OCI registry, such as
// GitHub's:
//
//	oci://ghcr.io/owner/name
//
// Registries are spoken to over https; over http on this machine's loopback,
// and where ?plain-http=true says so.
//
// # How objects map
//
// "blobs/<sha256>" is the registry's blob of that digest. "entries/…" is an OCI
// manifest: its config is the store's own manifest as it is, its layers are
// the wheels, the recipe's frame or the whole tarball, and the record's files,
// each titled with its name, so that `oras pull` brings them by name and the
// registry keeps what any manifest names, once. Its tag is the key, written in
// what tags may hold (see tagOf). "gc" is a manifest whose config is the object.
//
// A registry tells no times: an object of a manifest is as old as the
// manifest's annotation org.opencontainers.image.created says, and a blob as
// the newest manifest that names it.
//
// A registry lists no blobs either: those that manifests name are listed. A
// blob that none names is left to the registry's own garbage collection; it is
// deleted where the registry lets us. Where manifests cannot be deleted, as on
// ghcr.io, Delete says so.
//
// # Credentials
//
// They come from where `docker login`, `podman login` and `oras login` put them:
// $DOCKER_CONFIG/config.json, ~/.docker/config.json with the helpers that it
// names, $REGISTRY_AUTH_FILE; for ghcr.io, when none of these has any, from
// GH_TOKEN or GITHUB_TOKEN.
package ocistore
