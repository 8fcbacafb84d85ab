package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/omega/marketops/internal/test/githubtest"
)

// adminFlag adds --admin, which every subcommand has.
func adminFlag(f *flag.FlagSet) *string {
	return f.String("admin", "", "admin address of a running server, or the path of its ready file")
}

// adminURL completes --admin.
func adminURL(value string) (string, error) {
	switch {
	case value == "":
		return "", errors.New("--admin is needed: the admin address or the path of a ready file")
	case strings.HasPrefix(value, "http://"):
		return strings.TrimSuffix(value, "/"), nil
	}
	raw, err := os.ReadFile(value)
	if err != nil {
		return "", err
	}
	var r ready
	if err := json.Unmarshal(raw, &r); err != nil || r.Admin == "" {
		return "", fmt.Errorf("%s is not a ready file", value)
	}
	return strings.TrimSuffix(r.Admin, "/"), nil
}

// ask sends one request to the admin API and decodes the answer into out.
func ask(ctx context.Context, admin, method, path string, in, out any) error {
	base, err := adminURL(admin)
	if err != nil {
		return err
	}
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return errors.New(strings.TrimSpace(string(raw)))
	}
	return json.Unmarshal(raw, out)
}

// printList is requests, effects and violations: a line each, or JSON.
func printList[T fmt.Stringer](ctx context.Context, name, about string, args []string, io streams, keep func(T) bool) ([]T, error) {
	f := newFlags(name, "usage: serve "+name+" --admin URL|FILE [--json]\n\n"+about+"\n", io)
	admin := adminFlag(f)
	asJSON := f.Bool("json", false, "print one JSON array")
	if err := parse(f, args); err != nil {
		return nil, err
	}
	var all, list []T
	if err := ask(ctx, *admin, http.MethodGet, "/"+name, nil, &all); err != nil {
		return nil, err
	}
	for _, item := range all {
		if keep(item) {
			list = append(list, item)
		}
	}
	if *asJSON {
		return list, json.NewEncoder(io.out).Encode(list)
	}
	for _, item := range list {
		fmt.Fprintln(io.out, item)
	}
	return list, nil
}

func requestsCommand(ctx context.Context, args []string, io streams) error {
	keep := func(githubtest.Request) bool { return true }
	if len(args) > 0 && args[0] == "--writes" { // first, so that the list keeps one form for all three
		args = args[1:]
		keep = func(r githubtest.Request) bool { return r.Method != http.MethodGet }
	}
	_, err := printList(ctx, "requests", "What arrived, in order: METHOD PATH STATUS [effect]. `serve requests --writes …` leaves reads out.", args, io, keep)
	return err
}

func effectsCommand(ctx context.Context, args []string, io streams) error {
	_, err := printList(ctx, "effects", "What really changed, in order: KIND REPOSITORY SUBJECT OBJECT.", args, io,
		func(githubtest.Effect) bool { return true })
	return err
}

func violationsCommand(ctx context.Context, args []string, io streams) error {
	list, err := printList(ctx, "violations", "Requests and answers that broke GitHub's description. Exit 1 if there are any.", args, io,
		func(githubtest.Violation) bool { return true })
	if err == nil && len(list) > 0 {
		err = fmt.Errorf("%d violations of GitHub's description", len(list))
	}
	return err
}

const faultUsage = `usage: serve fault --admin URL|FILE 'METHOD PATH ACTION [TIMES] [skip=N] [status=N] [location=URL] [retry-after=5s] [wait=1s] [host=api|uploads] [message=WORDS TO THE END]'
       serve fault --admin URL|FILE --list | --clear | --release

PATH is made of segments; "*" is one of them, a final "**" is the rest.
Example: serve fault --admin ready.json 'POST /repos/*/*/git/refs reset-after 1'
Actions: `

func faultCommand(ctx context.Context, args []string, io streams) error {
	f := newFlags("fault", faultUsage+githubtest.Actions()+"\n", io)
	admin := adminFlag(f)
	list := f.Bool("list", false, "print what has not struck yet; exit 1 if anything is left")
	clear := f.Bool("clear", false, "forget what has not struck yet")
	release := f.Bool("release", false, "end the delays of the mishaps given so far")
	if err := parse(f, args); err != nil {
		return err
	}
	switch {
	case *release:
		return ask(ctx, *admin, http.MethodPost, "/release", nil, new(string))
	case *list:
		return pending(ctx, *admin, io)
	case *clear:
		return ask(ctx, *admin, http.MethodDelete, "/faults", nil, new(string))
	case f.NArg() == 0:
		return misuse(f, io, "which fault?")
	}
	return ask(ctx, *admin, http.MethodPost, "/faults", strings.Join(f.Args(), " "), new(string))
}

func pending(ctx context.Context, admin string, io streams) error {
	var left []githubtest.Fault
	if err := ask(ctx, admin, http.MethodGet, "/faults", nil, &left); err != nil {
		return err
	}
	for _, f := range left {
		fmt.Fprintln(io.out, f.Method, f.Path, f.Action, f.Times)
	}
	if len(left) > 0 {
		return fmt.Errorf("%d faults never struck", len(left))
	}
	return nil
}

// waitCommand polls, because a file of another process sends no event that all systems know.
func waitCommand(ctx context.Context, args []string, io streams) error {
	f := newFlags("wait", "usage: serve wait --admin FILE [--for 10s]\n\nWaits until the server that writes this ready file answers.\n", io)
	admin := adminFlag(f)
	patience := f.Duration("for", 10*time.Second, "how long")
	if err := parse(f, args); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, *patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask(ctx, *admin, http.MethodGet, "/faults", nil, new([]githubtest.Fault))
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not ready after %s: %w", *patience, err)
		case <-tick.C:
		}
	}
}
