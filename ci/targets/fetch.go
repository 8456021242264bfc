package targets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/actions"
	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
)

// Fetch brings the newest good artifact of a CI workflow here.
//
// It takes the newest successful run on the default branch, or waits for it,
// and makes ci_artifacts/run-<run id>/ of its artifact: tarball, record and
// lock, list/, extracted/ and fetch.json, complete or not at all. The same
// again changes nothing. Wheels of earlier runs and of the archive are not
// transferred again. -tar makes the same folder of a tarball at hand. What
// trust.require names is checked before anything is unpacked.
func Fetch(ctx context.Context,
	repo *string, // OWNER/REPO or HOST/OWNER/REPO (default: the setting fetch.repo, else the checkout's)
	workflow *string, // the workflow's file (default: the setting fetch.workflow)
	artifact *string, // the artifact's name (default: the setting fetch.artifact)
	outdir *string, // where run-<run id>/ is made (default: the setting fetch.outdir)
	run *string, // the run's id (default: the newest successful one)
	branch *string, // the run's branch (default: the default branch; with -run, any)
	event *string, // what started the run, "push" (default: anything)
	timeout *string, // how long it all may take, 0 for no waiting (default: 10m for the run to end)
	interval *string, // the first pause between two looks (default: 15s)
	tar *string, // make the folder of this tarball, without a server (default: none)
	whole *bool, // transfer all of the artifact and check its digest (default: only what changed)
	json *bool, // print what was fetched as an object (default: the folder's path)
) error {
	return begin(ctx, "fetch", func(ctx context.Context, s *session) error {
		if err := errors.Join(
			s.option("repo", repo, "fetch.repo"), s.option("workflow", workflow, "fetch.workflow"),
			s.option("artifact", artifact, "fetch.artifact"), s.option("outdir", outdir, "fetch.outdir"),
		); err != nil {
			return err
		}
		o := fetchOptions{whole: on(whole), json: on(json)}
		var err error
		if tar != nil && (on(whole) || given(repo, workflow, artifact, run, branch, event, timeout, interval)) {
			return fault.New(fault.Usage, "tar-and-fetch", "fetch: -tar asks no server, so of the others only -outdir and -json go with it").
				WithHint("leave -tar out to fetch, or the others to lay out that tarball")
		}
		if o.tar, err = s.path("tar", tar); err != nil {
			return err
		}
		if o.want, err = s.want(run, branch, event); err != nil {
			return err
		}
		if o.patience, o.bounded, err = s.patience(timeout, interval); err != nil {
			return err
		}
		return s.fetch(ctx, o)
	})
}

// given tells whether the person gave one of the options.
func given(options ...*string) bool {
	return slices.ContainsFunc(options, func(o *string) bool { return o != nil })
}

// fetchOptions are fetch's options that are no settings.
type fetchOptions struct {
	tar      string
	want     actions.Want
	patience actions.Patience
	// bounded: the person gave a timeout, which bounds the whole command.
	bounded bool
	// whole transfers everything.
	whole bool
	// start is the run to start first; nil for none.
	start *startOptions
	json  bool
}

// want reads the options that narrow the run.
func (s *session) want(run, branch, event *string) (actions.Want, error) {
	w := actions.Want{Workflow: s.Config.Fetch.Workflow}
	for _, option := range []struct {
		name  string
		value *string
		to    *string
	}{{"branch", branch, &w.Branch}, {"event", event, &w.Event}} {
		if option.value == nil {
			continue
		}
		if err := s.filled(option.name, *option.value); err != nil {
			return w, err
		}
		*option.to = *option.value
	}
	if run != nil {
		id, err := strconv.ParseInt(*run, 10, 64)
		if err != nil || id < 1 {
			return w, fault.New(fault.Usage, "bad-run", "fetch: -run is %q, which is no run's id", *run).
				WithHint("it is the number in the run's address")
		}
		w.Run = id
	}
	return w, nil
}

// patience reads -timeout and -interval.
func (s *session) patience(timeout, interval *string) (p actions.Patience, bounded bool, err error) {
	p.Timeout = 10 * time.Minute
	for _, option := range []struct {
		name  string
		value *string
		least time.Duration
		to    *time.Duration
	}{{"timeout", timeout, 0, &p.Timeout}, {"interval", interval, time.Second, &p.Interval}} {
		if option.value == nil {
			continue
		}
		d, err := time.ParseDuration(*option.value)
		if err != nil || d < option.least {
			return p, false, fault.New(fault.Usage, "bad-wait", "%s: -%s is %q, which is no duration from %s", s.target, option.name, *option.value, option.least).
				WithHint("write it as 10m or 90s")
		}
		*option.to = d
	}
	return p, timeout != nil && p.Timeout > 0, nil
}

func (s *session) fetch(ctx context.Context, o fetchOptions) error {
	made, err := s.bring(ctx, o)
	if err != nil {
		return err
	}
	return s.printMade(made, o.json)
}

// bring makes the folder of a run, or of a tarball at hand, of what the
// settings trust alone.
func (s *session) bring(ctx context.Context, o fetchOptions) (made actions.Made, err error) {
	folder, err := s.folder(ctx)
	if err != nil {
		return made, err
	}
	checked := false
	folder.Check = func(ctx context.Context, path, run string) (string, error) {
		checked = true
		return s.demand(ctx, question{path: path, run: run})
	}
	if made, err = s.layOut(ctx, folder, o); err == nil && !checked {
		// It was there already, maybe from before the settings required this.
		_, err = s.demandHere(ctx, filepath.Join(made.Path, made.Record.Tarball))
	}
	return made, err
}

// layOut makes the folder.
func (s *session) layOut(ctx context.Context, folder actions.Folder, o fetchOptions) (made actions.Made, err error) {
	if o.tar != "" {
		defer s.steps.Step("laying out " + s.show(o.tar))()
		return folder.FromTarball(ctx, o.tar, s.now())
	}
	fetcher, client, err := s.fetcher(ctx, folder, o)
	if err != nil {
		return made, err
	}
	bounded := ctx
	if o.bounded {
		var cancel context.CancelFunc
		bounded, cancel = context.WithTimeout(ctx, o.patience.Timeout)
		defer cancel()
	}
	progress, end := s.progress(fetcher.Artifact)
	fetcher.Progress = progress
	work, more := fetcher.Fetch, "give it more time, -timeout=30m, or take the newest run that finished, -timeout=0"
	if o.start != nil {
		work, more = s.dispatcher(client, fetcher, *o.start).Dispatch, fmt.Sprintf("what was started goes on: once it ended, mage %s", s.typed("fetch"))
	}
	made, err = work(bounded)
	end()
	if err != nil && errors.Is(bounded.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
		return made, fault.New(fault.Unable, "timed-out", "%s: it was not done after %s: %w", s.target, o.patience.Timeout, err).
			WithHint("%s", more)
	}
	return made, err
}

// folder says how the run's folder is made.
func (s *session) folder(ctx context.Context) (actions.Folder, error) {
	short, err := s.shortPython(ctx)
	if err != nil {
		return actions.Folder{}, err
	}
	critical, err := s.packages()
	if err != nil {
		return actions.Folder{}, err
	}
	f := actions.Folder{Outdir: s.Config.Fetch.Outdir, Tarball: s.baseName(short) + ".tgz", Limits: s.limits()}
	for _, r := range critical {
		f.Critical = append(f.Critical, r.Project)
	}
	return f, nil
}

// fetcher finds the repository, its API and the token.
func (s *session) fetcher(ctx context.Context, folder actions.Folder, o fetchOptions) (f actions.Fetcher, client *actions.Client, err error) {
	search := actions.Search{
		Repo: s.Config.Fetch.Repo, From: s.Config.Origin("fetch.repo"), API: s.GitHub.APIURL,
		Getenv: s.getenv, Remotes: s.remotes(ctx),
	}
	place, err := actions.Locate(search)
	if err != nil {
		return f, nil, err
	}
	short, err := s.shortPython(ctx)
	if err != nil {
		return f, nil, err
	}
	note := func(line string) { s.note("%s", report.Visible(line)) }
	token, origin := actions.Token(place, search, nil)
	if token == "" {
		note(fmt.Sprintf("asking %s about %s (%s), without a token", place.API.Host, place.Repository, place.Why))
	} else {
		note(fmt.Sprintf("asking %s about %s (%s), with the token of %s", place.API.Host, place.Repository, place.Why, origin))
	}
	client = actions.New(place, actions.Options{Token: token, Note: note, MaxWait: o.patience.Timeout})
	return actions.Fetcher{
		Server: client,
		Folder: folder, Want: o.want, Artifact: strings.ReplaceAll(s.Config.Fetch.Artifact, "{python}", short),
		Whole: o.whole, Wheels: s.wheelsHere(), Patience: o.patience, Note: note,
	}, client, nil
}

// remotes gives the addresses of the checkout's remotes, the one that others
// are copies of first. Outside git there are none, which is no error.
func (s *session) remotes(ctx context.Context) []string {
	out, err := command.Command{Path: "git", Args: []string{"config", "--get-regexp", `^remote\..*\.url$`}, Dir: s.Root, Env: s.environ}.Pipe(ctx).String()
	if err != nil {
		return nil
	}
	type remote struct {
		rank    int
		address string
	}
	var found []remote
	for line := range strings.Lines(out) {
		key, address, _ := strings.Cut(strings.TrimSpace(line), " ")
		rank := slices.Index([]string{"remote.upstream.url", "remote.github.url", "remote.origin.url"}, key)
		if rank < 0 {
			rank = 3
		}
		found = append(found, remote{rank, address})
	}
	slices.SortStableFunc(found, func(a, b remote) int { return a.rank - b.rank })
	addresses := make([]string, len(found))
	for i, r := range found {
		addresses[i] = r.address
	}
	return addresses
}

// noteMade tells the person what came of fetching.
func (s *session) noteMade(made actions.Made) error {
	if err := report.Findings(s.stderr, made.Findings); err != nil {
		return err
	}
	state := "fetched"
	if made.Unchanged {
		state = "unchanged"
	}
	s.note("%s: %s, sha256 %s", state, report.Visible(made.Record.Tarball), made.Record.SHA256)
	return nil
}

// printMade prints what there is to tell, and the result.
func (s *session) printMade(made actions.Made, asJSON bool) error {
	if err := s.noteMade(made); err != nil {
		return err
	}
	if !asJSON {
		return s.printf("%s\n", s.show(made.Path))
	}
	text, err := json.MarshalIndent(struct {
		Path      string         `json:"path"`
		Unchanged bool           `json:"unchanged"`
		Fetched   actions.Record `json:"fetched"`
	}{s.show(made.Path), made.Unchanged, made.Record}, "", "  ")
	if err != nil {
		return err
	}
	return s.printf("%s\n", text)
}
