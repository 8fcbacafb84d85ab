package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/omega/marketops/internal/test/githubtest"
)

// ready is the line a server prints, and what --ready-file holds.
type ready struct {
	Schema  string `json:"schema"`
	API     string `json:"api"`
	Uploads string `json:"uploads"`
	Store   string `json:"store"`
	Admin   string `json:"admin"`
	PID     int    `json:"pid"`
}

func serveCommand(ctx context.Context, args []string, io streams) error {
	o, err := parseOptions(args, io)
	if err != nil {
		return err
	}
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "practice-github-"); err != nil {
			return err
		}
		defer os.RemoveAll(o.dir)
	} else if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return err
	}
	return serve(ctx, o, io)
}

func serve(ctx context.Context, o *options, io streams) (err error) {
	wanted, err := o.server(io.getenv)
	if err != nil {
		return err
	}
	srv, err := githubtest.Start(wanted)
	if err != nil {
		return err
	}
	defer func() { err = first(err, srv.Close()) }()
	for _, spec := range o.repos {
		if err := seed(srv, spec, o.commits); err != nil {
			return err
		}
	}
	admin, err := startAdmin(srv, o.admin)
	if err != nil {
		return err
	}
	defer func() { err = first(err, admin.close()) }()
	if err := announce(ready{
		"practice-github/ready/v1", srv.API(), srv.Uploads(), srv.Store(), admin.url, os.Getpid(),
	}, o.ready, io); err != nil {
		return err
	}
	wait(ctx, o, io)
	return nil
}

// announce writes the file under another name first, so that nobody reads half of it.
func announce(r ready, file string, io streams) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if file != "" {
		if err := os.WriteFile(file+".new", line, 0o644); err != nil {
			return err
		}
		if err := os.Rename(file+".new", file); err != nil {
			return err
		}
	}
	_, err = io.out.Write(line)
	return err
}

func wait(ctx context.Context, o *options, s streams) {
	ended := make(chan struct{})
	if o.untilStdinCloses {
		go func() {
			_, _ = io.Copy(io.Discard, s.in)
			close(ended)
		}()
	}
	select {
	case <-ctx.Done():
	case <-ended:
	}
}

// seed makes a repository with the same commits in every run.
func seed(srv *githubtest.Server, spec githubtest.RepoSpec, commits int) error {
	repo, err := srv.CreateRepo(spec)
	if err != nil {
		return err
	}
	if repo.Ref("refs/heads/main") != "" {
		return nil // a directory used before: git has kept them
	}
	for n := 1; n <= commits; n++ {
		if _, err := repo.Commit("main", seedChange(spec.Name, n)); err != nil {
			return err
		}
	}
	return nil
}

func seedChange(name string, n int) githubtest.Change {
	if n == 1 {
		return githubtest.Change{
			Message: "Begin " + name + "\n",
			Files:   map[string]string{"README.md": "# " + name + "\n"},
		}
	}
	var log strings.Builder
	for i := 2; i <= n; i++ {
		fmt.Fprintf(&log, "- change %d\n", i)
	}
	return githubtest.Change{
		Message: fmt.Sprintf("Change %d\n", n),
		Files:   map[string]string{"CHANGELOG.md": log.String()},
	}
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
