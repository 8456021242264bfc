// Package wheel reads one wheel (PEP 427): its file name with tags, its
// METADATA and WHEEL, and holds its members against its RECORD, all over an
// io.ReaderAt.
//
// A wheel comes from elsewhere and is taken as hostile. A file name is held to
// the letter of the binary distribution format, since the name alone decides
// what an installer does with the file: a project's name that is escaped, a
// version after PEP 440, a build tag that starts with a digit, and tags.
// [Inspect] reads of the archive the directory, METADATA and WHEEL alone, all
// bounded by [Limits]; what an archive claims about its sizes is not believed
// where it is read. [Verifier] reads the rest.
//
// Errors are *fault.Error:
//
//	bad-file-name     the name is not one of a wheel
//	not-a-zip         the file is not a zip archive, or is cut short
//	zip-bomb          a limit is passed
//	unsafe-member     a member that would leave the folder, here or elsewhere
//	metadata-missing  no METADATA, or more than one .dist-info folder
//	bad-metadata      METADATA cannot be read, or names no project or version
//	wheel-missing     no WHEEL
//	bad-wheel         WHEEL cannot be read, or is of a later format
//	record-mismatch   members and RECORD do not agree, or there is no RECORD
package wheel
