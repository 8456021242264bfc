// Package requirements reads pip's requirements files: roots, hashes,
// includes, and one digest over all. It never hands a line on to an installer,
// never opens a connection and never runs anything: a requirements file is
// somebody else's text, and its lines (a URL, a --find-links) can undo whatever
// the installer was told. What is wanted of it is its roots.
//
// # What is read, and how
//
// Load cuts a file into lines as pip does (so a form feed or U+2028 ends a
// line here too), joins lines that end in a backslash, takes comments away,
// replaces ${NAME} (upper-case letters, digits and underscores) by what
// getenv gives, and parts what is left into a requirement and options.
//
//	-r FILE, -c FILE      read, relative to the file that says it; both
//	                      also as --requirement=FILE, --constraint=FILE
//	-e PATH or URL        a root with Editable set
//	--hash=sha256:HEX     goes to the requirement of its line
//	--config-settings, --global-option, other algorithms' hashes
//	                      skipped (OtherHashes tells of the last)
//	--index-url and the other global options
//	                      recorded in Set.Options, never followed
//
// As in pip a requirement's line ends where its options begin, of several -r
// on one line the first counts, and a -r inside a constraints file names
// requirements again. Unlike pip, an include by URL, a --hash that belongs to
// no requirement, and a coding declaration other than UTF-8 or ASCII are
// refused: each would have pip see other roots than these, or fewer hashes.
//
// A file that is included twice is in Files once and gives its roots once; a
// file that includes itself, directly or not, is read once.
//
// Relative paths and URLs of roots stay as written. Nobody looks whether they
// exist: for pip they are relative to where pip was started.
//
// # Names and the digest
//
// File.Name is the name under which a file travels with its wheelhouse. It is
// relative to the first file's folder, has slashes, and never leaves it:
//
//	base.txt, sub/x.txt    inside: as they are
//	../x.txt               _up/x.txt
//	../../x.txt            _up/_up/x.txt
//	/srv/x.txt             _abs/srv/x.txt
//	C:\srv\x.txt           _abs/C/srv/x.txt
//
// Load looks for an include that leaves the folder under that name first. So a
// copy of the files laid out by their names is a complete requirements file
// again, with the same names and the same digest, wherever it lies.
//
// Set.Inputs is the SHA-256, in lower-case hex, of one line for each file,
// sorted by name as bytes:
//
//	<the file's SHA-256 in lower-case hex> <space> <space> <Name> <newline>
//
// which is what `sha256sum` prints for the copy, sorted by its second column.
// It differs from Set.Hash even for a single file.
//
// # Secrets
//
// A URL may carry a user name, a password or a token. Errors, Option.String
// and Requirement.Redacted show neither user-info nor what follows a question
// mark; errors quote a line before ${NAME} was replaced. Requirement.String,
// Requirement.URL and Option.Value are complete and not for printing.
package requirements
