package main

import (
	"crypto/rand"
	"fmt"
	"path/filepath"

	"github.com/omega/marketops/crypto/signer"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/setup"
	"github.com/spf13/cobra"
)

type initOptions struct {
	origin, person, approver, operator string
	witnesses                          []string
	quorum                             int
}

func newInit(g *globals) *cobra.Command {
	var o initOptions
	c := &cobra.Command{
		Use:   "init --origin HOST --person ID --approver ID",
		Short: "Make keys, policy, trust file and Core configuration for one machine",
		Long: `Make a .marketops folder with everything that a run on one machine needs, and the approver's key
beside it. All roles then lie under one user: a rehearsal, not four eyes.

The origin names the log for ever: a bare host name such as log.example.com. It need not resolve.
The keys of the two persons are encrypted under a passphrase that is asked for, or read from
MARKETOPS_PASSWORD or COSIGN_PASSWORD. Nothing is ever overwritten.

Each --witness is a verifier key and a URL, with a space between them, as marketops witness key prints
the first. Nothing is then published that not enough of them have cosigned. Give them the log's
verifier key, which is printed here and by marketops trust show, and start them before the Core.`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error { return g.init(o) },
	}
	c.Flags().StringVar(&o.origin, "origin", "", "name of the log: a bare host name (required)")
	c.Flags().StringVar(&o.person, "person", "", "stable id of the person who will ask, not an e-mail address (required)")
	c.Flags().StringVar(&o.approver, "approver", "", "stable id of the person who will approve (required)")
	c.Flags().StringVar(&o.operator, "operator", "", "which of the two may revoke and resolve (default: the person)")
	c.Flags().StringArrayVar(&o.witnesses, "witness", nil, `"VKEY URL" of a witness that is asked to cosign; may be repeated`)
	c.Flags().IntVar(&o.quorum, "quorum", 0, "how many witnesses must cosign (default: more than half)")
	return c
}

func (g *globals) init(o initOptions) error {
	if o.origin == "" || o.person == "" || o.approver == "" {
		return &cli.UsageError{Err: fmt.Errorf("--origin, --person and --approver are needed (see marketops init --help)")}
	}
	alice := o.approver + ".pem"
	made, err := setup.Init(setup.Options{Dir: absolute(stateName), Origin: o.origin, Person: o.person, Approver: o.approver, Operator: o.operator,
		ApproverKeyPath: absolute(alice), Passphrase: signer.FromEnvironmentOr(g.In, g.Err), Witnesses: o.witnesses, Quorum: o.quorum, Now: now(), Random: rand.Reader})
	if err != nil {
		return err
	}
	for _, f := range made.Made {
		if rel, err := filepath.Rel(filepath.Dir(made.Dir), f); err == nil {
			f = rel
		}
		g.Print("made %s", f)
	}
	if len(o.witnesses) > 0 {
		g.Print("log %s", made.Log)
	}
	g.Say("%s", made.Notice)
	g.Say("next: marketops-core serve, in another terminal or under a service manager")
	return g.Result(struct {
		Schema string   `json:"schema"`
		Dir    string   `json:"dir"`
		Made   []string `json:"made"`
		Log    string   `json:"log"`
		Notice string   `json:"notice"`
	}{"marketops.init/v1", made.Dir, made.Made, made.Log, made.Notice})
}
