package rclonestore_test

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain is the tests, or, where FAKE_RCLONE names a folder, an rclone whose
// only remote "fake:" is that folder.
func TestMain(m *testing.M) {
	if dir := os.Getenv("FAKE_RCLONE"); dir != "" {
		os.Exit(fake(dir, os.Getenv("FAKE_MODE"), os.Args[1:]))
	}
	os.Exit(m.Run())
}

// Modes in which the fake misbehaves.
const (
	hangs    = "hangs"    // until it is ended
	floods   = "floods"   // prints without end
	mutters  = "mutters"  // prints something else
	breaks   = "breaks"   // fails in the middle
	forbids  = "forbids"  // has no right
	fills    = "fills"    // has no room
	vanishes = "vanishes" // says that nothing is there
	loses    = "loses"    // loses a folder while it lists
	flickers = "flickers" // the same, before it has listed anything
)

// fake does what rclone does, as far as a store uses it.
func fake(dir, mode string, args []string) int {
	var words []string
	for _, arg := range args {
		if !strings.HasPrefix(arg, "-") {
			words = append(words, arg)
		}
	}
	_ = os.WriteFile(filepath.Join(dir, "..", "last-words"), []byte(strings.Join(args, "\n")), 0o600)
	say := func(status int, text string) int {
		fmt.Fprintln(os.Stderr, "2030/01/02 03:04:05 NOTICE: something else\n2030/01/02 03:04:05 ERROR : "+text)
		return status
	}
	switch mode {
	case hangs:
		fmt.Println("[")
		_ = os.WriteFile(filepath.Join(dir, "..", "pid"), []byte(fmt.Sprint(os.Getpid())), 0o600)
		time.Sleep(time.Hour)
	case floods:
		for {
			if _, err := fmt.Println(strings.Repeat("[", 1<<16)); err != nil {
				return 1
			}
		}
	case mutters:
		fmt.Println("rclone v1.0")
		return 0
	case forbids:
		return say(1, "AccessDenied: https://example.org/x?sig=do-not-print-me status code: 403")
	case fills:
		return say(1, "write: no space left on device")
	case vanishes:
		return say(3, "directory not found")
	}
	if stat := strings.Contains(strings.Join(args, " "), "--stat "); !stat && mode == loses {
		fmt.Println(`[{"Path":"blobs/a","Size":1,"ModTime":"2030-01-02T03:04:05Z"}`)
		return say(3, "error listing: directory not found")
	} else if !stat && mode == flickers {
		return say(3, "error listing: directory not found")
	}
	local := func(remote string) string { return filepath.Join(dir, strings.TrimPrefix(remote, "fake:")) }
	var err error
	switch words[0] {
	case "lsjson":
		err = list(local(words[1]), strings.Contains(strings.Join(args, " "), "--stat "))
	case "cat":
		err = send(os.Stdout, local(words[1]))
		if mode == breaks && err == nil {
			return say(5, "unexpected EOF")
		}
	case "copyto":
		if _, err := os.Stat(local(words[2])); err == nil {
			return say(1, "immutable file modified")
		}
		err = copied(words[1], local(words[2]))
	case "deletefile":
		err = os.Remove(local(words[1]))
	default:
		return say(2, "unknown command")
	}
	switch {
	case os.IsNotExist(err):
		return say(4, "object not found")
	case err != nil:
		return say(1, err.Error())
	}
	return 0
}

func send(to io.Writer, file string) error {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	_, err = io.Copy(to, in)
	return err
}

func copied(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	partial, err := os.CreateTemp(filepath.Dir(to), "partial-*")
	if err != nil {
		return err
	}
	defer os.Remove(partial.Name())
	if _, err := partial.Write(data); err != nil {
		return err
	}
	if err := partial.Close(); err != nil {
		return err
	}
	return os.Rename(partial.Name(), to)
}

func list(dir string, stat bool) error {
	type item struct {
		Path    string
		Size    int64
		ModTime time.Time
		IsDir   bool
	}
	if stat {
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(item{info.Name(), info.Size(), info.ModTime(), info.IsDir()})
	}
	all := []item{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		rel, _ := filepath.Rel(dir, path)
		all = append(all, item{filepath.ToSlash(rel), info.Size(), info.ModTime(), false})
		return err
	})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(all)
}
