// Package release holds the releases of a repository on GitHub, and their
// assets, as values: what the API's client gives and the store over releases
// takes.
package release

import "time"

// Release is one release.
type Release struct {
	ID int64
	// Tag is the name of its tag. That of a draft is not made yet.
	Tag string
	// Draft: not published; only who may write to the repository sees it.
	Draft bool
	// Immutable: published for good, no asset can be added or deleted.
	Immutable bool
	CreatedAt time.Time
	// UploadURL is where its assets are sent to, as the server says it; only
	// the client makes something of it.
	UploadURL string
	// Page is its address for a browser; empty where the server does not say.
	Page string
	// Assets are the first ones, Listed at most; nil where the answer names
	// none.
	Assets []Asset
}

// Listed is how many assets a list of releases is believed to name of each: as
// many as one page has by default. A release with so many may have more.
const Listed = 30

// Limit is the size in bytes that every asset is below.
const Limit = 2 << 30

// Asset is one file of a release.
type Asset struct {
	ID   int64
	Name string
	// Size in bytes, as the server says it.
	Size int64
	// SHA256 of the bytes, in lower-case hex; empty where the server does not
	// say, as before June 2025.
	SHA256 string
	// Uploaded: all of it has arrived. Else it is what is left of an upload
	// that broke off, or one that goes on now.
	Uploaded   bool
	ModifiedAt time.Time
}
