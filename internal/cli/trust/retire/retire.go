// Package retire is the command trust retire.
package retire

import (
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/trust/next"
	"github.com/omega/marketops/receipt/trust"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	next.Options
	Name string // of a person or of a key
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(*env.Env, Options) error) *cobra.Command {
	var o Options
	c := &cobra.Command{
		Use:        "retire NAME",
		SuggestFor: []string{"remove", "delete", "rm"},
		Short:      "End a key, or all keys of a person: nothing new is signed with it, and old records stay good",
		Long: `End the key called NAME, or all keys of the person NAME, when the new version of the trust file becomes active. The key stays in the
file, because what it signed before stays good. If it may be in other hands: marketops trust revoke.`,
		Example: `  marketops trust retire alice
  marketops trust retire publisher-1 --in 1h`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error { o.Name = args[0]; return run(e, o) },
	}
	o.Bind(c.Flags())
	return c
}

func run(e *env.Env, o Options) error {
	o.Urgent = true
	return next.Write(e, o.Options, func(f *trust.File) error { return retire(f, o.Name) })
}

// retire ends the keys that have not ended yet.
func retire(f *trust.File, name string) error {
	keys, err := next.Keys(f, name)
	if err != nil {
		return err
	}
	ended := 0
	for _, k := range keys {
		if k.NotAfter > f.Effective {
			k.NotAfter, ended = f.Effective, ended+1
		}
	}
	if ended == 0 {
		return &marketops.Refusal{Code: marketops.ConfigInvalid, What: fmt.Sprintf("%q has ended already", name), State: "nothing was changed", Next: "see when: marketops trust show"}
	}
	return nil
}
