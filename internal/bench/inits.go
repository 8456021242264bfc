package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// initLimit is the most that a dependency's init may take.
const initLimit = time.Millisecond

// initTime is what one package's init took when the binary started.
type initTime struct {
	pkg  string
	took time.Duration
}

// inits asks Go's runtime what each package's init takes, slowest first.
func (m *meter) inits(ctx context.Context) ([]initTime, error) {
	cmd := exec.CommandContext(ctx, m.binary.path, "-l")
	cmd.Env = append(append([]string(nil), m.binary.env...), "GODEBUG=inittrace=1")
	trace, err := cmd.StderrPipe()
	if err != nil {
		return nil, fault.New(fault.Unable, "bench-failed", "starting the binary: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fault.New(fault.Unable, "bench-failed", "starting the binary: %w", err)
	}
	found := parseInits(trace)
	if err := cmd.Wait(); err != nil {
		return nil, fault.New(fault.Unable, "bench-failed", "asking the binary for its inits: %w", err)
	}
	return found, nil
}

// parseInits reads lines such as "init internal/bytealg @0.008 ms, 0 ms clock,
// 0 bytes, 0 allocs" and passes over others.
func parseInits(trace io.Reader) []initTime {
	var found []initTime
	lines := bufio.NewScanner(trace)
	for lines.Scan() {
		var pkg string
		var at, took float64
		if n, _ := fmt.Sscanf(lines.Text(), "init %s @%f ms, %f ms clock", &pkg, &at, &took); n == 3 {
			found = append(found, initTime{pkg, time.Duration(took * float64(time.Millisecond))})
		}
	}
	slices.SortStableFunc(found, func(a, b initTime) int { return int(b.took - a.took) })
	return found
}

// initText says which inits are over the limit, and the slowest when none is.
func initText(found []initTime) string {
	var over []string
	for _, each := range found {
		if each.took > initLimit {
			over = append(over, fmt.Sprintf("%s (%s)", each.pkg, shown(each.took)))
		}
	}
	switch {
	case len(over) > 0:
		return "Inits over 1 ms: " + strings.Join(over, ", ") + "."
	case len(found) > 0:
		return fmt.Sprintf("No package's init takes over 1 ms; the slowest of %d, %s, takes %.2f ms.",
			len(found), found[0].pkg, float64(found[0].took)/1e6)
	default:
		return "The runtime told of no package's init."
	}
}
