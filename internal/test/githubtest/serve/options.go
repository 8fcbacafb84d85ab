package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/omega/marketops/internal/test/githubtest"
)

const serveUsage = `usage: serve --token-env NAME --repo OWNER/NAME[,private][,archived][,immutable][,id=N] [flags]
       serve requests|effects|violations|minted|fault|repo|wait --help

Runs the practice GitHub on loopback until SIGTERM, SIGINT or, with --until-stdin-closes,
the end of stdin. Prints one line of JSON with its addresses when it is ready.
`

// options are the flags of the server.
type options struct {
	dir, ready            string
	tokenEnv, readEnv     string
	login, clock          string
	app                   appFlags
	listen                githubtest.Listen
	admin                 string
	repos                 repoFlags
	commits, primaryLimit int
	untilStdinCloses      bool
	fast                  string
}

func parseOptions(args []string, io streams) (*options, error) {
	o := &options{}
	f := newFlags("serve", serveUsage, io)
	f.StringVar(&o.dir, "dir", "", "directory for git repositories and assets (default: a temporary one, removed at the end)")
	f.StringVar(&o.ready, "ready-file", "", "also write the line of JSON to this file")
	f.StringVar(&o.tokenEnv, "token-env", "", "name of the environment variable that holds the token with push rights")
	f.StringVar(&o.readEnv, "read-token-env", "", "the same for a token that may only read")
	f.StringVar(&o.login, "login", "release-bot", "whose the token with push rights is")
	f.StringVar(&o.clock, "clock", "", "a fixed time, RFC 3339, instead of the machine's clock")
	f.StringVar(&o.listen.API, "listen-api", "127.0.0.1:0", "loopback address of the API")
	f.StringVar(&o.listen.Uploads, "listen-uploads", "127.0.0.1:0", "loopback address for uploads")
	f.StringVar(&o.listen.Store, "listen-store", "127.0.0.1:0", "loopback address of the object store and web pages")
	f.StringVar(&o.admin, "listen-admin", "127.0.0.1:0", "loopback address of the admin API")
	f.Int64Var(&o.app.id, "app", 0, "id of a GitHub App whose installation may write to every repository")
	f.Int64Var(&o.app.installation, "app-installation", 0, "id of its installation")
	f.StringVar(&o.app.key, "app-key", "", "file with its public key, PEM")
	f.DurationVar(&o.app.lifetime, "app-lifetime", 0, "of its tokens (default GitHub's hour)")
	f.Var(&o.repos, "repo", "a repository to make, repeatable")
	f.IntVar(&o.commits, "commits", 2, "commits on main of each repository; their ids are the same in every run")
	f.IntVar(&o.primaryLimit, "limit", 0, "requests per hour (default GitHub's 5000)")
	f.StringVar(&o.fast, "fast", "", "how many times as fast as the machine's the clock runs, and since when in ms: \"240 1770000000000\"")
	f.BoolVar(&o.untilStdinCloses, "until-stdin-closes", false, "stop when stdin ends")
	if err := parse(f, args); err != nil {
		return nil, err
	}
	switch {
	case f.NArg() > 0:
		return nil, misuse(f, io, "unexpected argument %q", f.Arg(0))
	case o.tokenEnv == "":
		return nil, misuse(f, io, "--token-env is needed: nobody could publish")
	case len(o.repos) == 0:
		return nil, misuse(f, io, "--repo is needed: there would be nothing to publish to")
	case o.commits < 1:
		return nil, misuse(f, io, "--commits must be at least 1")
	}
	return o, nil
}

// server is what the flags ask for.
func (o *options) server(getenv func(string) string) (githubtest.Options, error) {
	out := githubtest.Options{Dir: o.dir, Listen: o.listen, PrimaryLimit: o.primaryLimit}
	for _, t := range []struct {
		env, login string
		push       bool
	}{{o.tokenEnv, o.login, true}, {o.readEnv, "reader", false}} {
		if t.env == "" {
			continue
		}
		secret := getenv(t.env)
		if secret == "" {
			return out, fmt.Errorf("the environment variable %s is empty", t.env)
		}
		out.Tokens = append(out.Tokens, githubtest.Token{Secret: secret, Login: t.login, Push: t.push, Repos: []string{"*"}})
	}
	if o.app.id != 0 {
		a, err := o.app.read()
		if err != nil {
			return out, err
		}
		out.Apps = append(out.Apps, a)
	}
	if o.fast != "" {
		var rate time.Duration
		var begun int64
		if _, err := fmt.Sscanf(o.fast, "%d %d", (*int64)(&rate), &begun); err != nil || rate < 1 {
			return out, fmt.Errorf("--fast %q is no rate and time", o.fast)
		}
		since := time.UnixMilli(begun)
		out.Now = func() time.Time { return since.Add(rate * time.Since(since)) }
	}
	if o.clock != "" {
		at, err := time.Parse(time.RFC3339, o.clock)
		if err != nil {
			return out, fmt.Errorf("--clock: %w", err)
		}
		out.Now = func() time.Time { return at }
	}
	return out, nil
}

// repoFlags collects --repo.
type repoFlags []githubtest.RepoSpec

// String is for flag.Value.
func (r *repoFlags) String() string { return "" }

// Set is for flag.Value.
func (r *repoFlags) Set(value string) error {
	spec, err := parseRepo(value)
	*r = append(*r, spec)
	return err
}

// parseRepo reads OWNER/NAME[,private][,archived][,immutable][,id=N].
func parseRepo(value string) (githubtest.RepoSpec, error) {
	full, rest, _ := strings.Cut(value, ",")
	owner, name, found := strings.Cut(full, "/")
	spec := githubtest.RepoSpec{Owner: owner, Name: name}
	if !found {
		return spec, fmt.Errorf("%q is not OWNER/NAME", full)
	}
	for word := range strings.SplitSeq(rest, ",") {
		id, isID := strings.CutPrefix(word, "id=")
		switch {
		case word == "":
		case word == "private":
			spec.Private = true
		case word == "archived":
			spec.Archived = true
		case word == "immutable":
			spec.ImmutableReleases = true
		case isID:
			n, err := strconv.ParseInt(id, 10, 64)
			if err != nil {
				return spec, err
			}
			spec.ID = n
		default:
			return spec, fmt.Errorf("a repository cannot be %q", word)
		}
	}
	return spec, nil
}
