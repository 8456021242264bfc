// Package unpack unpacks a zip from a stranger into a folder of its own, whole
// or not at all, and refuses loudly what could reach beyond that folder, fill
// the disk, or mean different files on different systems.
//
// Names must be UTF-8 that can be printed, relative, with slashes alone, and
// without a colon, an empty part, "." or ".."; no two may be the same when case
// is disregarded, for a file system that does so would merge them. Members are
// files and folders, stored or deflated; links, devices, encrypted members and
// other methods are refused. Sizes are bounded as declared and as they come
// out, and every CRC is checked.
package unpack
