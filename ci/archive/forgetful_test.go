package archive

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// node is a file or folder of a forgetful disk.
type node struct {
	id    int
	dir   bool
	names map[string]*node // of a folder, as it is now
	data  []byte           // of a file, as it is now
}

// event is one thing that a forgetful disk was told. It is a name in a folder
// that came or went (to nil), a file's content, or an fsync of either.
type event struct {
	of   *node
	name string // of a file: empty
	to   *node
	data []byte
	sync bool
}

// forgetful is the file system, and a log of all that was done to it, from
// which it tells what may be left of it after a power cut: names and contents
// that were not fsynced are there or are not, each for itself. That is more
// than file systems lose, which keep the order of names.
type forgetful struct {
	kernel
	root  string // in the file system
	top   *node
	nodes int
	log   []event
}

// newForgetful gives a disk of which everything below root is there for good.
func newForgetful(t testing.TB, root string) *forgetful {
	t.Helper()
	d := &forgetful{root: root}
	d.top = d.load(t, root)
	return d
}

func (d *forgetful) node(dir bool) *node {
	d.nodes++
	n := &node{id: d.nodes, dir: dir}
	if dir {
		n.names = map[string]*node{}
	}
	return n
}

// load reads what is below a path.
func (d *forgetful) load(t testing.TB, path string) *node {
	t.Helper()
	info, err := os.Lstat(path)
	must(t, err)
	n := d.node(info.IsDir())
	if !info.IsDir() {
		n.data, err = os.ReadFile(path)
		must(t, err)
		return n
	}
	all, err := os.ReadDir(path)
	must(t, err)
	for _, e := range all {
		n.names[e.Name()] = d.load(t, filepath.Join(path, e.Name()))
	}
	return n
}

// at gives the folder that a path lies in, the path's last name, and what has
// it; nil where nothing has.
func (d *forgetful) at(path string) (in *node, name string, n *node) {
	rel, err := filepath.Rel(d.root, path)
	if err != nil {
		panic(err)
	}
	n = d.top
	if rel == "." {
		return nil, "", n
	}
	for part := range strings.SplitSeq(filepath.ToSlash(rel), "/") {
		if n == nil {
			panic("no folder for " + path)
		}
		in, name, n = n, part, n.names[part]
	}
	return in, name, n
}

// put lets a name stand for a node, or with nil for nothing.
func (d *forgetful) put(in *node, name string, n *node) {
	if n == nil {
		delete(in.names, name)
	} else {
		in.names[name] = n
	}
	d.log = append(d.log, event{of: in, name: name, to: n})
}

func (d *forgetful) set(n *node, data []byte) {
	n.data = data
	d.log = append(d.log, event{of: n, data: data})
}

func (d *forgetful) synced(n *node) { d.log = append(d.log, event{of: n, sync: true}) }

func (d *forgetful) Mkdir(path string) error {
	if err := d.kernel.Mkdir(path); err != nil {
		return err
	}
	in, name, _ := d.at(path)
	d.put(in, name, d.node(true))
	return nil
}

func (d *forgetful) Create(path string) (file, error) {
	f, err := d.kernel.Create(path)
	if err != nil {
		return nil, err
	}
	in, name, _ := d.at(path)
	n := d.node(false)
	d.put(in, name, n)
	return forgetfulFile{f, d, n}, nil
}

func (d *forgetful) Copy(to string, t *tree, wrap func(io.Reader) io.Reader) error {
	err := d.kernel.Copy(to, t, wrap)
	_, _, n := d.at(to)
	d.came(to, n)
	return err
}

// came notes what came below a folder.
func (d *forgetful) came(path string, n *node) {
	all, err := os.ReadDir(path)
	if err != nil {
		panic(err)
	}
	for _, e := range all {
		if n.names[e.Name()] != nil {
			continue
		}
		child := d.node(e.IsDir())
		d.put(n, e.Name(), child)
		if e.IsDir() {
			d.came(filepath.Join(path, e.Name()), child)
			continue
		}
		data, err := os.ReadFile(filepath.Join(path, e.Name()))
		if err != nil {
			panic(err)
		}
		d.set(child, data[:len(data)/2])
		d.set(child, data)
	}
}

func (d *forgetful) Rename(from, to string) error {
	if err := d.kernel.Rename(from, to); err != nil {
		return err
	}
	in, name, n := d.at(from)
	target, targetName, _ := d.at(to)
	d.put(target, targetName, n)
	d.put(in, name, nil)
	return nil
}

func (d *forgetful) Remove(path string) error {
	if err := d.kernel.Remove(path); err != nil {
		return err
	}
	in, name, _ := d.at(path)
	d.put(in, name, nil)
	return nil
}

func (d *forgetful) RemoveAll(path string) error {
	if err := d.kernel.RemoveAll(path); err != nil {
		return err
	}
	if in, name, n := d.at(path); n != nil {
		d.gone(in, name, n)
	}
	return nil
}

// gone notes that a node went with all below it.
func (d *forgetful) gone(in *node, name string, n *node) {
	for _, below := range slices.Sorted(maps.Keys(n.names)) {
		d.gone(n, below, n.names[below])
	}
	d.put(in, name, nil)
}

func (d *forgetful) SyncDir(path string) error {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	_, _, n := d.at(path)
	d.synced(n)
	return nil
}

func (d *forgetful) SyncTree(path string) error {
	_, _, n := d.at(path)
	d.syncBelow(n)
	return nil
}

func (d *forgetful) syncBelow(n *node) {
	for _, name := range slices.Sorted(maps.Keys(n.names)) {
		d.syncBelow(n.names[name])
	}
	d.synced(n)
}

// forgetfulFile is a file of it.
type forgetfulFile struct {
	file
	d *forgetful
	n *node
}

func (f forgetfulFile) Write(p []byte) (int, error) {
	n, err := f.file.Write(p)
	f.d.set(f.n, append(slices.Clone(f.n.data), p[:n]...))
	return n, err
}

func (f forgetfulFile) Sync() error { f.d.synced(f.n); return nil }

// disks is what is there for good after some of the events of a log.
type disks struct {
	names map[*node]map[string]*node
	data  map[*node][]byte
}

// apply makes an event one that is there for good.
func (s disks) apply(e event) {
	if !e.of.dir {
		s.data[e.of] = e.data
		return
	}
	if s.names[e.of] == nil {
		s.names[e.of] = map[string]*node{}
	}
	if e.to == nil {
		delete(s.names[e.of], e.name)
	} else {
		s.names[e.of][e.name] = e.to
	}
}

// before gives what was there before the log.
func before(t testing.TB, n *node) disks {
	t.Helper()
	s := disks{map[*node]map[string]*node{}, map[*node][]byte{}}
	var walk func(n *node)
	walk = func(n *node) {
		if !n.dir {
			s.data[n] = n.data
			return
		}
		s.names[n] = maps.Clone(n.names)
		for _, below := range n.names {
			walk(below)
		}
	}
	walk(n)
	return s
}

// clone gives a copy that can be changed.
func (s disks) clone() disks {
	c := disks{make(map[*node]map[string]*node, len(s.names)), maps.Clone(s.data)}
	for n, names := range s.names {
		c.names[n] = maps.Clone(names)
	}
	return c
}

// pending gives the events of a log's start that no fsync made good, in order.
func pending(log []event) []event {
	var left []event
	for i, e := range log {
		if e.sync {
			continue
		}
		good := slices.ContainsFunc(log[i+1:], func(later event) bool { return later.sync && later.of == e.of })
		if !good {
			left = append(left, e)
		}
	}
	return left
}

// files gives what is below a node, by path; folders end with a slash.
func (s disks) files(n *node, path string, all map[string]string) map[string]string {
	if !n.dir {
		all[path] = string(s.data[n])
		return all
	}
	if path != "" {
		all[path+"/"] = ""
		path += "/"
	}
	for name, below := range s.names[n] {
		s.files(below, path+name, all)
	}
	return all
}

// lay lays files out below a folder.
func lay(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for _, path := range slices.Sorted(maps.Keys(files)) {
		where := filepath.Join(dir, filepath.FromSlash(path))
		if strings.HasSuffix(path, "/") {
			if err := os.MkdirAll(where, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
				t.Fatal(err)
			}
			continue
		}
		must(t, os.MkdirAll(filepath.Dir(where), 0o755))
		must(t, os.WriteFile(where, []byte(files[path]), 0o644))
	}
}
