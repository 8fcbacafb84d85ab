// Package keys loads the private keys of a Core that core.yaml names.
package keys

import (
	"crypto/rand"
	"path/filepath"

	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/crypto/signer"
	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/federation/versions"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/receipt/trust"
)

// Checkpoint loads the checkpoint key in use and the one that follows it.
func Checkpoint(dir, key string) (old, next crypto.Signer, err error) {
	cfg, err := config.LoadCore(filepath.Join(dir, "core.yaml"))
	if err != nil {
		return nil, nil, err
	}
	if old, err = signer.Load(cfg.In(dir).Keys.Checkpoint, nil); err != nil {
		return nil, nil, err
	}
	next, err = signer.Load(key, nil)
	return old, next, err
}

// Issuing loads the keys that sign what the Core issues.
func Issuing(refs config.Keys) (k issue.Keys, err error) {
	for _, load := range []struct {
		ref  string
		into *crypto.Signer
	}{{refs.Authority, &k.Authority}, {refs.Advisory, &k.Advisory}, {refs.Ledger, &k.Ledger}} {
		if *load.into, err = signer.Load(load.ref, nil); err != nil {
			return k, err
		}
	}
	return k, nil
}

// Issuer returns the issuer of the Core whose state folder is dir.
func Issuer(dir string) (*issue.Issuer, error) {
	cfg, err := config.LoadCore(filepath.Join(dir, "core.yaml"))
	if err != nil {
		return nil, err
	}
	k, err := Issuing(cfg.In(dir).Keys)
	if err != nil {
		return nil, err
	}
	t, err := versions.Load(dir, cfg.In(dir))
	if err != nil {
		return nil, err
	}
	return issue.New(k, rand.Reader, cli.Now, func() *trust.Trust { return t })
}
