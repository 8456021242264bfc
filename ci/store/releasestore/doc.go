// Package releasestore keeps objects as assets of a repository's releases on
// GitHub.
//
// # How it maps
//
// An object is an asset; its name is the key in the letters that GitHub leaves
// alone ([assetName]). A pushed manifest is a release with the tag
// wheelhouse-<entry>-<16 hex>, which has the manifest and those blobs that no
// release had before it. Where an object lies does not matter: all releases
// whose tag begins with "wheelhouse-" are one store.
//
// # Draft, upload, publish
//
// Blobs are uploaded to a draft with the tag wheelhouse-upload, and the
// manifest publishes it. What lies in a draft is not stored: it counts for the
// [Store] that put it there alone. A push that was killed leaves its draft
// behind; the next that needs one takes it over, with all blobs that arrived
// whole. A manifest in it that is a day old is deleted, for its blobs may be gone
// by then; while there is a younger one, the draft is left alone. Two at once that
// share a draft harm nothing: who loses finds its upload refused, and
// takes another.
//
// Objects that are neither blob nor manifest, such as gc's lock, lie in drafts
// of their own, and count for everybody who may write: for them no tag is made.
// Of two that are put at once, the one in the draft with the lower id stays.
//
// # What is never done
//
// No asset is overwritten, no published release gets another one, none is
// deleted out of an immutable release (code release-immutable); no tag is
// deleted. A release that has lost its last asset is deleted.
package releasestore
