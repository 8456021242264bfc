//go:build unix

package container

import (
	"os/exec"
	"slices"
	"testing"
)

func TestOrphans(t *testing.T) {
	t.Parallel()
	me := owner{machine: "0123456789ab", pid: 7, start: "99"}
	names := []string{
		"wheelhouse-0123456789ab-7-99-00000000",  // our own
		"wheelhouse-0123456789ab-8-99-00000000",  // gone
		"wheelhouse-0123456789ab-7-98-00000000",  // an older process of that id
		"wheelhouse-ba9876543210-8-99-00000000",  // another machine's
		"wheelhouse-0123456789ab-8-99-000000000", // not a name of ours
		"wheelhouse-0123456789ab-0-99-00000000",
		"wheelhouse-0123456789ab-99999999999-99-00000000",
		"mine",
		"",
	}
	got := orphans(names, me, func(o owner) bool { return o == me })
	if !slices.Equal(got, names[1:3]) {
		t.Errorf("got %q", got)
	}
}

func TestAlive(t *testing.T) {
	t.Parallel()
	me := self()
	if !alive(me) {
		t.Errorf("this process is gone: %+v", me)
	}
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	gone := me
	gone.pid = cmd.Process.Pid
	if alive(gone) {
		t.Errorf("a process that has ended is there: %+v", gone)
	}
}

func FuzzOwner(f *testing.F) {
	f.Add("wheelhouse-0123456789ab-7-99-00000000")
	f.Add("wheelhouse-0123456789ab-07-99-00000000")
	f.Fuzz(func(t *testing.T, text string) {
		o, ok := ownerOf(text)
		if !ok {
			return
		}
		name, err := o.name()
		again, ok := ownerOf(name)
		if err != nil || !ok || again != o {
			t.Errorf("%q gives %+v, whose name %q gives %+v", text, o, name, again)
		}
	})
}
