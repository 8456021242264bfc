package wheelhouse

// Format names the layout that Pack writes.
const Format = "wheelhouse-1"

// File is one wheel in a tarball.
type File struct {
	// Name is the bare file name.
	Name string
	// Path is the member's name in the tarball: ".wheelhouse/x.whl".
	Path string
	// Size in bytes.
	Size int64
	// SHA256 in lower-case hex.
	SHA256 string
}

// Inventory is what one pass over a tarball found.
type Inventory struct {
	// Name is the tarball's base name.
	Name string
	// Size and SHA256 (lower-case hex) are the tarball's own.
	Size   int64
	SHA256 string
	// Format is Format when the bytes are exactly what Pack makes of the
	// wheels; empty for tarballs made elsewhere.
	Format string
	// Wheels, sorted by name.
	Wheels []File
	// Members is every member's name in the tarball's order, folders too.
	Members []string
}
