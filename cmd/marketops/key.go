package main

import (
	"crypto/rand"
	"encoding/base64"

	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/crypto/signer"
	"github.com/omega/marketops/internal/cli"
	"github.com/spf13/cobra"
)

func newKey(g *globals) *cobra.Command {
	c := &cobra.Command{Use: "key", Short: "Make and show keys", Args: cobra.ArbitraryArgs, RunE: cli.Group}
	c.AddCommand(newKeyNew(g), newKeyShow(g))
	return c
}

func newKeyNew(g *globals) *cobra.Command {
	var plain bool
	c := &cobra.Command{
		Use:   "new FILE",
		Short: "Make an Ed25519 key; FILE.pub gets the public half",
		Long: `Make an Ed25519 key. The private half is encrypted under a passphrase that is asked for, or read
from MARKETOPS_PASSWORD or COSIGN_PASSWORD, in a form that cosign reads. --plain writes it
unencrypted with mode 0600, for daemons.`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error { return g.makeKey(args[0], plain) },
	}
	c.Flags().BoolVar(&plain, "plain", false, "do not encrypt; for daemons")
	return c
}

func (g *globals) makeKey(path string, plain bool) error {
	k, err := signer.Generate(rand.Reader)
	if err != nil {
		return err
	}
	if plain {
		err = signer.WritePlain(path, k)
	} else {
		err = g.writeEncrypted(path, k)
	}
	if err != nil {
		return err
	}
	if err := signer.WritePublic(path+".pub", k.Public()); err != nil {
		return err
	}
	return g.showKey(k.Public())
}

func (g *globals) writeEncrypted(path string, k *crypto.PrivateKey) error {
	pass, err := signer.FromEnvironmentOr(g.In, g.Err)("the new key "+path, true)
	if err != nil {
		return err
	}
	return signer.WriteEncrypted(path, k, pass)
}

func newKeyShow(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "show FILE",
		Short: "Show the id and the public half of a private or public key file",
		Args:  cli.Args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			if k, err := signer.LoadPublic(args[0]); err == nil {
				return g.showKey(k)
			}
			k, err := g.loadKey(args[0])
			if err != nil {
				return err
			}
			return g.showKey(k.Public())
		},
	}
}

func (g *globals) showKey(k crypto.PublicKey) error {
	spki := base64.StdEncoding.EncodeToString(k.SPKI())
	g.Table([][]string{{"id", string(k.ID())}, {"alg", "ed25519"}, {"spki", spki}})
	return g.Result(struct {
		Schema string `json:"schema"`
		ID     string `json:"id"`
		Alg    string `json:"alg"`
		SPKI   string `json:"spki"`
	}{"marketops.key/v1", string(k.ID()), "ed25519", spki})
}
