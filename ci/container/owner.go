package container

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// sweepTime is the most that each step of removing leftovers may take.
const sweepTime = 20 * time.Second

// owner is the process that a container belongs to.
type owner struct {
	// machine stands for the running system and, on Linux, the namespace that
	// its process ids count in: several may share one engine.
	machine string
	pid     int
	// start tells processes apart that had one id after the other; "0" where
	// the system does not tell.
	start string
}

// name gives a new container's name, which tells its owner.
func (o owner) name() (string, error) {
	var random [4]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s-%s-%d-%s-%s", label, o.machine, o.pid, o.start, hex.EncodeToString(random[:])), nil
}

var names = regexp.MustCompile(`^` + label + `-([0-9a-f]{12})-([1-9][0-9]{0,9})-([0-9]{1,20})-[0-9a-f]{8}$`)

// ownerOf reads a name; false: not one of ours.
func ownerOf(name string) (owner, bool) {
	m := names.FindStringSubmatch(name)
	if m == nil {
		return owner{}, false
	}
	pid, err := strconv.Atoi(m[2])
	return owner{machine: m[1], pid: pid, start: m[3]}, err == nil
}

// orphans gives those of the containers whose owner was a process of this
// machine that is gone. Of others' owners nothing can be said from here.
func orphans(containers []string, me owner, alive func(owner) bool) []string {
	var gone []string
	for _, name := range containers {
		if o, ok := ownerOf(name); ok && o.machine == me.machine && !alive(o) {
			gone = append(gone, name)
		}
	}
	return gone
}

// sweep removes what killed runs left behind. That it cannot is no reason not
// to do what was asked for: it is tried again the next time.
func (e Engine) sweep(ctx context.Context, me owner) {
	text, err := e.ask(ctx, sweepTime, "ps", "--all", "--filter", "label="+label, "--format", "{{.Names}}")
	if err != nil {
		return
	}
	if gone := orphans(strings.Fields(text), me, alive); len(gone) > 0 {
		e.rm(ctx, sweepTime, gone...)
	}
}
