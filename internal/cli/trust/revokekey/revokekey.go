// Package revokekey is the command trust revoke.
package revokekey

import (
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/trust/next"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt/trust"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	next.Options
	Name   string // of a person or of a key
	From   uint64 // the first index at which the key signs nothing
	Origin string // of the log; "" is the file's one log
	given  bool
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(*env.Env, Options) error) *cobra.Command {
	var o Options
	c := &cobra.Command{
		Use:   "revoke NAME --from-index INDEX",
		Short: "Revoke a key, or all keys of a person: nothing that it signed at or above an index of the log is believed",
		Long: `Revoke the key called NAME, or all keys of the person NAME: no record that it signed counts at or above INDEX of the log,
also under older versions of the trust file. Take the size of the log at the time when the key was last in the right hands
(marketops log checkpoint), and no index below what was signed rightly.`,
		Example: `  marketops trust revoke alice --from-index 4711
  marketops trust revoke publisher-1 --from-index 4711 --in 0s`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			o.Name, o.given = args[0], c.Flags().Changed("from-index")
			return run(e, o)
		},
	}
	o.Bind(c.Flags())
	c.Flags().Uint64Var(&o.From, "from-index", 0, "the first index of the log at which the key counts no more")
	c.Flags().StringVar(&o.Origin, "origin", "", "the log, if the trust file names several")
	return c
}

func run(e *env.Env, o Options) error {
	if !o.given {
		return cli.Usage("--from-index is missing: from which index of the log on is the key not believed?")
	}
	o.Urgent = true
	return next.Write(e, o.Options, o.revoke)
}

func (o Options) revoke(f *trust.File) error {
	keys, err := next.Keys(f, o.Name)
	if err != nil {
		return err
	}
	origin, err := o.origin(f)
	if err != nil {
		return err
	}
	changed := false
	for _, k := range keys {
		changed = o.revokeKey(k, origin) || changed
	}
	if !changed {
		return &marketops.Refusal{Code: marketops.ConfigInvalid, What: fmt.Sprintf("%q is revoked from index %d or below on already", o.Name, o.From), State: "nothing was changed", Next: "see from where: marketops trust show"}
	}
	return nil
}

// revokeKey never raises an index: what was not believed before is not believed again. It reports whether it changed anything.
func (o Options) revokeKey(k *trust.Key, origin string) bool {
	i := slices.IndexFunc(k.RevokedFrom, func(p log.Position) bool { return p.Origin == origin })
	if i < 0 {
		k.RevokedFrom = append(k.RevokedFrom, log.Position{Origin: origin, Index: o.From})
		return true
	}
	lower := o.From < k.RevokedFrom[i].Index
	k.RevokedFrom[i].Index = min(k.RevokedFrom[i].Index, o.From)
	return lower
}

// origin returns the log that is meant.
func (o Options) origin(f *trust.File) (string, error) {
	p, err := log.ParsePolicy(f.LogPolicy)
	if err != nil {
		return "", err
	}
	var origins []string
	for _, l := range p.Logs() {
		if name := l.Name; !slices.Contains(origins, name) {
			origins = append(origins, name)
		}
	}
	if o.Origin == "" && len(origins) == 1 {
		return origins[0], nil
	}
	if !slices.Contains(origins, o.Origin) {
		return "", cli.Usage("--origin %.80q is no log of the trust file: want one of %q", o.Origin, origins)
	}
	return o.Origin, nil
}
