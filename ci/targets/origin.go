package targets

import (
	"net/url"
	"path"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/python"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// lockOf makes the lock of a tarball. A link of pip's log counts as a wheel's
// origin unless it states another sha256; a wheel without one was built here,
// and its sdist is named instead.
func lockOf(inv *wheelhouse.Inventory, short string, made *python.Built, urls string) lock.Lock {
	l := lock.Lock{Tarball: inv.Name, Format: inv.Format, SHA256: inv.SHA256, Size: inv.Size, Python: short}
	for _, file := range inv.Wheels {
		w := lock.Wheel{File: file.Name, Size: file.Size, SHA256: file.SHA256}
		if made != nil {
			w.URL, w.Sdist = origin(file, made)
		}
		if urls == "none" {
			w.URL = ""
			if w.Sdist != nil {
				w.Sdist = &lock.Sdist{File: w.Sdist.File, SHA256: w.Sdist.SHA256}
			}
		}
		l.Wheels = append(l.Wheels, w)
	}
	return l
}

// origin gives where pip found a wheel, or what it built it from.
func origin(file wheelhouse.File, made *python.Built) (url string, sdist *lock.Sdist) {
	unstated := ""
	for _, link := range made.Links[file.Name] {
		switch link.SHA256 {
		case file.SHA256:
			return link.URL, nil
		case "":
			unstated = link.URL
		}
	}
	if unstated != "" {
		return unstated, nil
	}
	if from, ok := made.Sdists[file.Name]; ok {
		return "", &lock.Sdist{File: from.File, URL: from.URL, SHA256: from.SHA256}
	}
	return "", nil
}

// linkDirect adds the wheels that the requirements name by URL: pip's log
// tells of no link for them. What the lock may not hold of a URL it cuts off.
func linkDirect(made *python.Built, roots []requirements.Requirement) {
	for _, root := range roots {
		u, err := url.Parse(root.URL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" {
			continue
		}
		name := path.Base(u.Path)
		if !strings.HasSuffix(name, ".whl") || len(made.Links[name]) > 0 {
			continue
		}
		if made.Links == nil {
			made.Links = map[string][]python.Link{}
		}
		made.Links[name] = []python.Link{{URL: root.URL, File: name}}
	}
}
