package unpack

import (
	"archive/zip"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// names are the paths seen so far, each folder on the way included, by what
// they are when case is disregarded.
type names map[string]*place

type place struct {
	path   string
	folder bool
	listed bool // a member of its own, not merely on another's way
}

// add takes a member in and says what is wrong with its name or kind; "" is
// nothing.
func (n names) add(m *zip.File) string {
	path, folder := strings.CutSuffix(m.Name, "/")
	if why := refuseName(path); why != "" {
		return why
	}
	if why := refuseKind(m, folder); why != "" {
		return why
	}
	for i := range path {
		if path[i] == '/' {
			if why := n.put(path[:i], true, false); why != "" {
				return why
			}
		}
	}
	return n.put(path, folder, true)
}

func (n names) put(path string, folder, listed bool) string {
	key := fold(path)
	seen, ok := n[key]
	switch {
	case !ok:
		n[key] = &place{path, folder, listed}
		return ""
	case seen.path != path:
		return "its name differs from another's in case alone"
	case seen.folder != folder:
		return "its name is that of a file and of a folder"
	case listed && seen.listed:
		return "its name comes twice"
	}
	seen.listed = seen.listed || listed
	return ""
}

// fold gives one spelling for all that differ in case alone, Greek's two
// sigmas and the Kelvin sign included.
func fold(path string) string { return strings.ToLower(strings.ToUpper(path)) }

func refuseName(path string) string {
	switch {
	case !utf8.ValidString(path):
		return "its name is not UTF-8"
	case len(path) > maxNameBytes:
		return "its name is too long"
	case strings.ContainsFunc(path, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "its name holds what cannot be printed"
	case strings.Contains(path, `\`):
		return "its name holds a backslash"
	case strings.Contains(path, ":"):
		return "its name holds a colon, as drive letters do"
	case strings.HasPrefix(path, "/"):
		return "its name is absolute"
	case strings.Count(path, "/") >= maxDepth:
		return "its name is too deep"
	}
	for part := range strings.SplitSeq(path, "/") {
		switch part {
		case "", ".":
			return "its name has an empty part"
		case "..":
			return "its name leaves the folder"
		}
		if strings.HasSuffix(part, ".") || strings.HasSuffix(part, " ") {
			return "a part of its name ends with a dot or a space, which some systems drop"
		}
	}
	if !filepath.IsLocal(filepath.FromSlash(path)) {
		return "its name means something else on this system"
	}
	return ""
}

// refuseKind takes files and folders that can be unpacked.
func refuseKind(m *zip.File, folder bool) string {
	const (
		encrypted             = 1 | 1<<6 | 1<<13 // any of: at all, strongly, its header too
		formatMask            = 0o170000
		formatFile, formatDir = 0o100000, 0o040000
		creatorUnix           = 3
		creatorMac            = 19
	)
	if m.Flags&encrypted != 0 {
		return "it is encrypted"
	}
	if creator := m.CreatorVersion >> 8; creator == creatorUnix || creator == creatorMac {
		switch m.ExternalAttrs >> 16 & formatMask {
		case 0:
		case formatFile:
			if folder {
				return "it is a file with a folder's name"
			}
		case formatDir:
			if !folder {
				return "it is a folder with a file's name"
			}
		default:
			return "it is a link or a device"
		}
	}
	switch {
	case folder && m.UncompressedSize64 > 0:
		return "it is a folder with content"
	case m.Method != zip.Store && m.Method != zip.Deflate:
		return "it is compressed in a way that is not known here"
	}
	return ""
}
