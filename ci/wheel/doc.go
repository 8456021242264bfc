// Package wheel reads one wheel (PEP 427): its file name with tags, and its
// METADATA, over an io.ReaderAt.
//
// A wheel comes from elsewhere and is taken as hostile. A file name is held to
// the letter of the binary distribution format, since the name alone decides
// what an installer does with the file: a project's name that is escaped, a
// version after PEP 440, a build tag that starts with a digit, and tags. Of
// the archive only the directory and METADATA are read, both bounded by
// [Limits]; what an archive claims about its sizes is not believed.
//
// Errors are *fault.Error:
//
//	bad-file-name     the name is not one of a wheel
//	not-a-zip         the file is not a zip archive, or is cut short
//	metadata-missing  no METADATA, or more than one .dist-info folder
//	bad-metadata      METADATA cannot be read, or names no project or version
//	too-large         a limit is passed
package wheel
