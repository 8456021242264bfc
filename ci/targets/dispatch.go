package targets

import (
	"context"
	"errors"

	"github.com/wheelhouse-ci/wheelhouse/ci/actions"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Dispatch starts the CI workflow and fetches what its run made.
//
// It starts the workflow once, finds the run that came of it among any others,
// waits until it ended and makes ci_artifacts/run-<run id>/ as fetch does. A
// run that fails is refused. The token must be one that may start workflows.
func Dispatch(ctx context.Context,
	repo *string, // OWNER/REPO or HOST/OWNER/REPO (default: the setting fetch.repo, else the checkout's)
	workflow *string, // the workflow's file (default: the setting fetch.workflow)
	ref *string, // the branch or tag to start it on (default: the default branch)
	inputs *string, // the workflow's inputs, name=value by commas, \, for a comma (default: none)
	artifact *string, // the artifact's name (default: the setting fetch.artifact)
	outdir *string, // where run-<run id>/ is made (default: the setting fetch.outdir)
	timeout *string, // how long it all may take, 0 for no waiting (default: 10m for the run to end)
	interval *string, // the first pause between two looks (default: 15s)
	json *bool, // print what was fetched as an object (default: the folder's path)
) error {
	return begin(ctx, "dispatch", func(ctx context.Context, s *session) error {
		if err := errors.Join(
			s.option("repo", repo, "fetch.repo"), s.option("workflow", workflow, "fetch.workflow"),
			s.option("artifact", artifact, "fetch.artifact"), s.option("outdir", outdir, "fetch.outdir"),
		); err != nil {
			return err
		}
		start, err := s.start(ref, inputs)
		if err != nil {
			return err
		}
		o := fetchOptions{start: &start, json: on(json)}
		if o.want, err = s.want(nil, nil, nil); err != nil {
			return err
		}
		if o.patience, o.bounded, err = s.patience(timeout, interval); err != nil {
			return err
		}
		return s.fetch(ctx, o)
	})
}

// startOptions say what is started; no ref is the default branch.
type startOptions struct {
	ref    string
	inputs map[string]string
}

// start reads -ref and -inputs.
func (s *session) start(ref, inputs *string) (o startOptions, err error) {
	if ref != nil {
		if err := s.filled("ref", *ref); err != nil {
			return o, err
		}
		o.ref = *ref
	}
	if inputs == nil {
		return o, nil
	}
	var problem string
	if o.inputs, problem = actions.ParseInputs(*inputs); problem != "" {
		return o, fault.New(fault.Usage, "bad-inputs", "dispatch: reading -inputs: %s", problem).
			WithHint(`write them as -inputs=name=value,name=value; \, is a comma in a value`)
	}
	return o, nil
}

// dispatcher starts a run and fetches it.
func (s *session) dispatcher(client *actions.Client, f actions.Fetcher, o startOptions) actions.Dispatcher {
	return actions.Dispatcher{Server: client, Fetcher: f, Ref: o.ref, Inputs: o.inputs, Typed: s.typed("fetch")}
}
