package wheeltest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path"
	"path/filepath"
	"time"
)

// Member is one member of a tarball, sound or hostile.
type Member struct {
	// Name is written as it is: "../x" too.
	Name string
	// Typeflag as archive/tar has it; 0 means a regular file.
	Typeflag byte
	// Data of a regular file; left out for other types.
	Data []byte
	// Linkname is where a link points.
	Linkname string
}

// Tarball gives a gzipped tarball with these members in this order, as GNU tar
// and gzip would make it: mode 0644 (folders 0755), a user's name, an mtime,
// GNU long names, deflated.
func Tarball(members ...Member) []byte {
	var out bytes.Buffer
	packed := gzip.NewWriter(&out)
	_, err := packed.Write(RawTar(members...))
	must(err)
	must(packed.Close())
	return out.Bytes()
}

// RawTar is Tarball without gzip around it.
func RawTar(members ...Member) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, m := range members {
		header := &tar.Header{
			Name: m.Name, Typeflag: m.Typeflag, Linkname: m.Linkname, Mode: 0o644,
			Uid: 1000, Gid: 1000, Uname: "runner", Gname: "docker",
			ModTime: time.Unix(1_700_000_000, 0), Format: tar.FormatGNU,
		}
		switch m.Typeflag {
		case 0, tar.TypeReg:
			header.Typeflag, header.Size = tar.TypeReg, int64(len(m.Data))
		case tar.TypeDir:
			header.Mode = 0o755
		}
		must(w.WriteHeader(header))
		if header.Size > 0 {
			_, err := io.Copy(w, bytes.NewReader(m.Data))
			must(err)
		}
	}
	must(w.Close())
	return out.Bytes()
}

// GNUTarball gives what `tar -czf … -C . <prefix>` gives of a folder prefix
// that holds the files: the folder first, then each file under its base name.
// The prefix is ".wheelhouse" or "."; empty packs the files flat.
func GNUTarball(prefix string, files ...string) []byte {
	var members []Member
	if prefix != "" {
		prefix = path.Clean(prefix) + "/"
		members = append(members, Member{Name: prefix, Typeflag: tar.TypeDir})
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		must(err)
		members = append(members, Member{Name: prefix + filepath.Base(file), Data: data})
	}
	return Tarball(members...)
}
