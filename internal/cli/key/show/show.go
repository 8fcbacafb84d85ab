// Package show is the command key show.
package show

import (
	"encoding/base64"

	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/crypto/signer"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	File string // of a private or a public key
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(*env.Env, Options) error) *cobra.Command {
	var o Options
	return &cobra.Command{
		Use:   "show FILE",
		Short: "Show the id and the public half of a private or public key file",
		Args:  cli.Args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			o.File = args[0]
			return run(e, o)
		},
	}
}

func run(e *env.Env, o Options) error {
	if k, err := signer.LoadPublicKey(o.File); err == nil {
		return Print(e.Streams, k)
	}
	k, err := e.LoadKey(o.File)
	if err != nil {
		return err
	}
	return Print(e.Streams, k.Public())
}

// Print writes what a public key is as a result.
func Print(s *cli.Streams, k crypto.PublicKey) error {
	spki := base64.StdEncoding.EncodeToString(k.SPKI())
	s.Table([][]string{{"id", string(k.ID())}, {"alg", "ed25519"}, {"spki", spki}})
	return s.Result(struct {
		Schema string `json:"schema"`
		ID     string `json:"id"`
		Alg    string `json:"alg"`
		SPKI   string `json:"spki"`
	}{"marketops.key/v1", string(k.ID()), "ed25519", spki})
}
