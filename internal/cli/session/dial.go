package session

import (
	"strings"

	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/receipt/trust"
)

// Dial returns the client of a Core. Behind https it shows a run to those alone whose business it is, so reads are
// signed there: by the reader key of the state folder, and without one by the key that the command has opened.
func Dial(e *env.Env, state string, t *trust.Trust, by crypto.Signer, address string) (*api.Client, error) {
	logs := t.Log().Logs()
	core := logs[len(logs)-1].Name
	if !strings.HasPrefix(address, "https://") {
		return api.Dial(address, core, by, t, cli.Now)
	}
	roots, err := e.CoreRoots()
	if err != nil {
		return nil, err
	}
	reader, err := e.LoadReader(state, t)
	if err != nil {
		return nil, err
	}
	return api.Dial(address, core, by, t, cli.Now, api.ReadWith(reader), api.Roots(roots))
}
