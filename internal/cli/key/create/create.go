// Package create is the command key new.
package create

import (
	"crypto/rand"

	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/crypto/signer"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/key/show"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	File  string
	Plain bool // not encrypted
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(*env.Env, Options) error) *cobra.Command {
	var o Options
	c := &cobra.Command{
		Use:   "new FILE",
		Short: "Make an Ed25519 key; FILE.pub gets the public half",
		Long: `Make an Ed25519 key. The private half is encrypted under a passphrase that is asked for, or read
from MARKETOPS_PASSWORD or COSIGN_PASSWORD, in a form that cosign reads. --plain writes it
unencrypted with mode 0600, for daemons.`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error { o.File = args[0]; return run(e, o) },
	}
	c.Flags().BoolVar(&o.Plain, "plain", false, "do not encrypt; for daemons")
	return c
}

func run(e *env.Env, o Options) error {
	k, err := signer.Generate(rand.Reader)
	if err != nil {
		return err
	}
	if o.Plain {
		err = signer.WritePlain(o.File, k)
	} else {
		err = writeEncrypted(e, o.File, k)
	}
	if err != nil {
		return err
	}
	if err := signer.WritePublic(o.File+".pub", k.Public()); err != nil {
		return err
	}
	return show.Print(e.Streams, k.Public())
}

func writeEncrypted(e *env.Env, path string, k *crypto.PrivateKey) error {
	pass, err := signer.FromEnvironmentOr(e.In, e.Err)("the new key "+path, true)
	if err != nil {
		return err
	}
	return signer.WriteEncrypted(path, k, pass)
}
