package audit

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/remote"
	"github.com/omega/marketops/internal/cli/session"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier/audit"
)

// reader is a folder or a server.
type reader interface {
	log.TileReader
	Close() error
}

// source opens what the user named, or the folder of the state folder.
func source(ctx context.Context, e *env.Env, t *trust.Trust, name, what string, o *audit.Options) (reader, error) {
	if !strings.HasPrefix(name, "https://") && !strings.HasPrefix(name, "http://") {
		return folder(name, what, what)
	}
	core, err := ownCore(e, t, name)
	if err != nil {
		return nil, err
	}
	r, err := remote.New(ctx, name, core)
	if err != nil {
		return nil, &cli.UsageError{Err: fmt.Errorf("--%s: %w", what, err)}
	}
	o.Workers = remote.Workers
	return r, nil
}

// ownCore is what a reader of an address needs where that is the user's own Core. The zero value is of any other server:
// it gets no signature, and --core-ca says nothing about it.
func ownCore(e *env.Env, t *trust.Trust, name string) (core remote.Core, err error) {
	state, _ := env.State() // without one there is no key, and no socket is an https address
	address, err := e.CoreAddress(state, "")
	if err != nil || !strings.HasPrefix(address, "https://") {
		return core, nil
	}
	client, err := session.Dial(e, state, t, nil, address)
	if err != nil || !client.Owns(name) {
		return core, err
	}
	core.Sign = client.SignRead
	core.Roots, err = e.CoreRoots()
	return core, err
}

// folder opens a folder that the user named, or the one of the state folder.
func folder(dir, name, flag string) (*audit.Folder, error) {
	if dir == "" {
		state, err := env.State()
		if err != nil {
			return nil, err
		}
		dir = filepath.Join(state, name)
	}
	f, err := audit.OpenFolder(dir)
	if err != nil {
		return nil, unreadable(fmt.Sprintf("the %s folder %s", name, dir), err, "name the folder with --"+flag)
	}
	return f, nil
}

func unreadable(what string, err error, next string) error {
	return &marketops.Failure{Code: marketops.SourceUnreadable, What: what, Err: err, State: "nothing was verified", Next: next}
}
