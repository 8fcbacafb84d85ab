package core

import (
	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/receipt/trust"
)

// Started is when this Core was opened.
func (c *Core) Started() marketops.Time { return c.started }

// Trust returns the active trust file.
func (c *Core) Trust() *trust.Trust { return c.rules.active.Load().trust }

// SignAnswer returns the ledger's envelope around the answer to one call.
func (c *Core) SignAnswer(request marketops.Digest, status int, body marketops.Digest) ([]byte, error) {
	rec, err := c.issuer.Answer(request, status, body)
	if err != nil {
		return nil, err
	}
	return rec.Envelope, nil
}

// Info says what is served.
func (c *Core) Info() api.Info {
	f := c.rules.active.Load()
	return api.Info{Core: c.config.Origin, Origin: c.config.Origin, Trust: f.trust.Version(), Policy: f.policy.Digest(),
		Version: c.opts.Version, Now: c.now()}
}

// ReadFile reads a public file of the log: checkpoint, tile/….
func (c *Core) ReadFile(name string) ([]byte, error) { return c.records.ReadFile(name) }
