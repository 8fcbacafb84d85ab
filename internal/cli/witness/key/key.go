// Package key is the command witness key.
package key

import (
	"fmt"

	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/crypto/signer"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/log"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	File string // of a private or a public key
	Name string // of the witness
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(*env.Env, Options) error) *cobra.Command {
	var o Options
	c := &cobra.Command{
		Use:   "key FILE --name NAME",
		Short: "Show the verifier key of a witness, for trust files and log policies",
		Long: `Show the verifier key (C2SP signed-note, type 0x04) that a witness has with this key file and name.
FILE is a private or a public key, as marketops key new --plain makes them. The name is a URL without
its scheme by convention, such as witness.example.com/w1, and need not resolve.`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error { o.File = args[0]; return run(e, o) },
	}
	c.Flags().StringVar(&o.Name, "name", "", "the witness's name (required)")
	return c
}

func run(e *env.Env, o Options) error {
	if err := log.CheckName(o.Name); err != nil {
		return &cli.UsageError{Err: fmt.Errorf("--name: %w", err)}
	}
	k, err := signer.LoadPublic(o.File)
	if err != nil {
		private, err := e.LoadKey(o.File)
		if err != nil {
			return err
		}
		k = private.Public()
	}
	vkey := log.WitnessVkey(o.Name, k)
	e.Print("%s", vkey)
	return e.Result(struct {
		Schema string       `json:"schema"`
		Name   string       `json:"name"`
		ID     crypto.KeyID `json:"id"`
		Vkey   string       `json:"vkey"`
	}{"marketops.witness-key/v1", o.Name, k.ID(), vkey})
}
