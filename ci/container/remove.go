package container

import (
	"context"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// patience is how long the parts of an end may take.
type patience struct {
	end    time.Duration // of the container by itself
	remove time.Duration // by force, of each attempt
}

// patienceOf tells it of a context: who pressed Ctrl-C is told within four
// seconds that nothing is left.
func patienceOf(ctx context.Context) patience {
	if ctx.Err() != nil {
		return patience{end: time.Second, remove: 1500 * time.Millisecond}
	}
	return patience{end: 5 * time.Second, remove: 20 * time.Second}
}

// end ends the container, its client, and what is left of either. lived tells
// whether the container was there until now. It may be called again.
func (c *Container) end(ctx context.Context, p patience) (lived bool, left error) {
	select {
	case <-c.ended:
	default:
		lived = true
	}
	c.input.Close()
	timer := time.NewTimer(p.end)
	defer timer.Stop()
	select {
	case <-c.ended:
		if c.err == nil {
			return lived, nil // the client waits until the container is removed
		}
		// It did not end as its cat does when its input ends.
		lived = false
	case <-timer.C:
	}
	c.cancel() // while it is removed, for a client may be deaf
	err := c.engine.rm(context.WithoutCancel(ctx), p.remove, c.Name)
	<-c.ended
	if err == nil {
		return lived, nil
	}
	return lived, fault.New(fault.Unable, "container-left", "removing the container %s: %w", c.Name, err).
		WithHint("remove it, or let the next run do so: %s rm -f %s", c.engine.Path, c.Name)
}

// rm removes containers by force. That one is gone already, or going, is what
// was wanted.
func (e Engine) rm(ctx context.Context, limit time.Duration, names ...string) error {
	_, err := e.ask(ctx, limit, append([]string{"rm", "--force"}, names...)...)
	if err != nil && (strings.Contains(err.Error(), "o such container") || strings.Contains(err.Error(), "no container with") ||
		strings.Contains(err.Error(), "already in progress")) {
		return nil
	}
	return err
}
