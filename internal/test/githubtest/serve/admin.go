package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/omega/marketops/internal/test/githubtest"
)

// admin is the side door for test scripts. It is not part of the practice GitHub and has
// its own port, so that nothing a client of GitHub does can reach it.
type admin struct {
	srv    *githubtest.Server
	server *http.Server
	url    string
	ended  chan struct{}
}

func startAdmin(srv *githubtest.Server, address string) (*admin, error) {
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("--listen-admin %q is not a loopback address", address)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	a := &admin{srv: srv, url: "http://" + l.Addr().String() + "/", ended: make(chan struct{})}
	a.server = &http.Server{Handler: a.routes(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(a.ended)
		_ = a.server.Serve(l)
	}()
	return a, nil
}

func (a *admin) close() error {
	err := a.server.Close()
	<-a.ended
	return err
}

func (a *admin) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /requests", func(w http.ResponseWriter, _ *http.Request) { show(w, a.srv.Requests()) })
	mux.HandleFunc("GET /effects", func(w http.ResponseWriter, _ *http.Request) { show(w, a.srv.Effects()) })
	mux.HandleFunc("GET /minted", func(w http.ResponseWriter, _ *http.Request) { show(w, a.srv.MintedTokens()) })
	mux.HandleFunc("GET /violations", func(w http.ResponseWriter, _ *http.Request) { show(w, a.srv.SchemaViolations()) })
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) { show(w, a.srv.PendingFaults()) })
	mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, _ *http.Request) { a.srv.ClearFaults(); show(w, "cleared") })
	mux.HandleFunc("POST /faults", act(a.addFault))
	mux.HandleFunc("POST /release", func(w http.ResponseWriter, _ *http.Request) { a.srv.Release(); show(w, "released") })
	mux.HandleFunc("POST /repo/{action}", act(a.repo))
	return mux
}

// act answers a POST of one JSON value with a line of text or an error.
func act[T any](do func(*http.Request, T) (string, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in T
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&in)
		var out string
		if err == nil {
			out, err = do(r, in)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		show(w, out)
	}
}

func show(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (a *admin) addFault(_ *http.Request, line string) (string, error) {
	f, err := githubtest.ParseFault(line)
	if err != nil {
		return "", err
	}
	a.srv.Inject(f)
	return "armed", nil
}

// repoOrder is one thing to do to a repository.
type repoOrder struct {
	Repo, Branch, Message, Ref, SHA, NewName, Setting string
	On                                                bool
	Files, Modes                                      map[string]string
	Delete                                            []string
}

func (a *admin) repo(r *http.Request, in repoOrder) (string, error) {
	action := r.PathValue("action")
	if action == "add" {
		return a.addRepo(in.Repo)
	}
	repo := a.srv.Repo(in.Repo)
	if repo == nil {
		return "", fmt.Errorf("no repository %q", in.Repo)
	}
	switch action {
	case "commit":
		return repo.Commit(in.Branch, githubtest.Change{Message: in.Message, Files: in.Files, Modes: in.Modes, Delete: in.Delete})
	case "orphan":
		sha, err := repo.LooseCommit("", githubtest.Change{Message: in.Message, Files: in.Files})
		if err == nil {
			err = repo.SetRef("refs/heads/"+in.Branch, sha)
		}
		return sha, err
	case "tag":
		return repo.Tag(in.Ref, in.SHA, in.Message)
	case "ref":
		return moveRef(repo, in.Ref, in.SHA)
	case "rename":
		to, err := parseRepo(in.NewName)
		if err == nil {
			err = repo.Rename(to.Owner, to.Name)
		}
		return in.NewName, err
	case "set":
		return in.Setting, change(repo, in.Setting, in.On)
	}
	return "", fmt.Errorf("nothing called %q can be done to a repository", action)
}

func (a *admin) addRepo(value string) (string, error) {
	spec, err := parseRepo(value)
	if err != nil {
		return "", err
	}
	return spec.Owner + "/" + spec.Name, seed(a.srv, spec, 1)
}

// moveRef sets a ref, deletes it for "-", and reads it for "".
func moveRef(repo *githubtest.Repo, name, sha string) (string, error) {
	switch sha {
	case "":
		return repo.Ref(name), nil
	case "-":
		return name, repo.DeleteRef(name)
	}
	return sha, repo.SetRef(name, sha)
}

func change(repo *githubtest.Repo, setting string, on bool) (err error) {
	repo.Set(func(spec *githubtest.RepoSpec) {
		switch setting {
		case "private":
			spec.Private = on
		case "archived":
			spec.Archived = on
		case "disabled":
			spec.Disabled = on
		case "immutable":
			spec.ImmutableReleases = on
		case "heavy": // from two files on a page on
			if spec.Heavy = 0; on {
				spec.Heavy = 2
			}
		case "truncated":
			if spec.TreeLimit = 0; on {
				spec.TreeLimit = 1
			}
		default:
			err = fmt.Errorf("a repository has no setting %q", setting)
		}
	})
	return err
}
