package validate

import (
	"context"
	"errors"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

func TestNetwork(t *testing.T) {
	t.Parallel()
	why := errors.New("EPERM")
	for _, c := range []struct {
		network   string
		isolation error
		code      string
		proof     string
		found     string
	}{
		{"prefer", nil, "", "network-namespace", ""},
		{"require", nil, "", "network-namespace", ""},
		{"prefer", why, "", "none: EPERM", "WARN not-isolated network"},
		{"require", why, "no-isolation", "", ""},
	} {
		r := &run{o: Options{Network: c.network}, isolation: c.isolation, result: &Result{}}
		err := r.network()
		if fault.Code(err) != c.code || r.result.Proof.Isolation != c.proof || brief(r.result.Findings) != c.found {
			t.Errorf("%s, %v: %v, %+v", c.network, c.isolation, err, r.result)
		}
	}
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	refused, unable := fault.New(fault.Refused, "tests-failed", "no"), fault.New(fault.Unable, "no-pip", "no")
	if found, err := refusal(t.Context(), refused, "tests"); err != nil || brief(found) != "FAIL tests-failed tests" {
		t.Errorf("got %v, %v", found, err)
	}
	if found, err := refusal(t.Context(), unable, "tests"); !errors.Is(err, unable) || found != nil {
		t.Errorf("got %v, %v", found, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if found, err := refusal(ctx, refused, "tests"); !errors.Is(err, context.Canceled) || found != nil {
		t.Errorf("a command that was ended refused something: %v, %v", found, err)
	}
}

func TestTogether(t *testing.T) {
	t.Parallel()
	first, second := errors.New("first"), errors.New("second")
	started := make(chan struct{})
	// The first fails last, and is told; the one behind it was cancelled.
	err := together(t.Context(),
		func(context.Context) error { <-started; return first },
		func(ctx context.Context) error { close(started); <-ctx.Done(); return second })
	if !errors.Is(err, first) {
		t.Errorf("got %v", err)
	}
	// A failure behind does not cancel what is before it.
	err = together(t.Context(), func(ctx context.Context) error { return ctx.Err() }, func(context.Context) error { return second })
	if !errors.Is(err, second) {
		t.Errorf("got %v", err)
	}
	// What succeeded keeps its context.
	var kept context.Context
	err = together(t.Context(), func(ctx context.Context) error { kept = ctx; return nil })
	if err != nil || kept.Err() != nil {
		t.Errorf("got %v, %v", err, kept.Err())
	}
}
