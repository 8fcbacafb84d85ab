// Package initialize is the command init of marketops.
package initialize

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/omega/marketops/crypto/signer"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/setup"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	Origin, Person, Approver string
	Operator                 string   // "": the person
	Witnesses                []string // "VKEY URL" each
	Quorum                   int      // 0: more than half of the witnesses
	Hosts                    []string // none: the one of ./marketops.yaml, else github.com
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(*env.Env, Options) error) *cobra.Command {
	var o Options
	c := &cobra.Command{
		Use:   "init --origin HOST --person ID --approver ID",
		Short: "Make keys, policy, trust file and Core configuration for one machine",
		Long: `Make a .marketops folder with everything that a run on one machine needs, and the approver's key
beside it. All roles then lie under one user: a rehearsal, not four eyes.

The origin names the log for ever: a bare host name such as log.example.com. It need not resolve.
Each --host is a GitHub that may be published to, such as ghe.example.com. Without one it is the GitHub
of ./marketops.yaml, if that file is there, and else github.com.
The keys of the two persons are encrypted under a passphrase that is asked for, or read from
MARKETOPS_PASSWORD or COSIGN_PASSWORD. Nothing is ever overwritten.

Each --witness is a verifier key and a URL, with a space between them, as marketops witness key prints
the first. Nothing is then published that not enough of them have cosigned. Give them the log's
verifier key, which is printed here and by marketops trust show, and start them before the Core.`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error { return run(e, o) },
	}
	c.Flags().StringVar(&o.Origin, "origin", "", "name of the log: a bare host name (required)")
	c.Flags().StringVar(&o.Person, "person", "", "stable id of the person who will ask, not an e-mail address (required)")
	c.Flags().StringVar(&o.Approver, "approver", "", "stable id of the person who will approve (required)")
	c.Flags().StringVar(&o.Operator, "operator", "", "which of the two may revoke and resolve (default: the person)")
	c.Flags().StringArrayVar(&o.Hosts, "host", nil, "a GitHub that may be published to; may be repeated")
	c.Flags().StringArrayVar(&o.Witnesses, "witness", nil, `"VKEY URL" of a witness that is asked to cosign; may be repeated`)
	c.Flags().IntVar(&o.Quorum, "quorum", 0, "how many witnesses must cosign (default: more than half)")
	return c
}

func run(e *env.Env, o Options) error {
	if o.Origin == "" || o.Person == "" || o.Approver == "" {
		return &cli.UsageError{Err: fmt.Errorf("--origin, --person and --approver are needed (see marketops init --help)")}
	}
	if len(o.Hosts) == 0 {
		host, err := configuredHost()
		if err != nil {
			return err
		}
		o.Hosts = []string{host}
	}
	alice := o.Approver + ".pem"
	made, err := setup.Init(setup.Options{Dir: env.Absolute(env.StateName), Origin: o.Origin, Person: o.Person, Approver: o.Approver, Operator: o.Operator,
		ApproverKeyPath: env.Absolute(alice), Passphrase: signer.FromEnvironmentOr(e.In, e.Err), Witnesses: o.Witnesses, Quorum: o.Quorum, Hosts: o.Hosts, Now: cli.Now(), Random: rand.Reader})
	if err != nil {
		return err
	}
	for _, f := range made.Made {
		if rel, err := filepath.Rel(filepath.Dir(made.Dir), f); err == nil {
			f = rel
		}
		e.Print("made %s", f)
	}
	if len(o.Witnesses) > 0 {
		e.Print("log %s", made.Log)
	}
	e.Print("hosts %s", strings.Join(o.Hosts, " "))
	e.Say("%s", made.Notice)
	e.Say("next: marketops-core serve, in another terminal or under a service manager")
	return e.Result(struct {
		Schema string   `json:"schema"`
		Dir    string   `json:"dir"`
		Made   []string `json:"made"`
		Log    string   `json:"log"`
		Notice string   `json:"notice"`
	}{"marketops.init/v1", made.Dir, made.Made, made.Log, made.Notice})
}

const fileName = "marketops.yaml"

// configuredHost returns the GitHub of ./marketops.yaml, or github.com where there is no such file.
func configuredHost() (string, error) {
	if _, err := os.Stat(fileName); errors.Is(err, fs.ErrNotExist) {
		return string(config.DefaultGitHub().Host()), nil
	}
	f, err := config.Load(fileName)
	if err != nil {
		return "", err
	}
	return string(f.GitHub.Host()), nil
}
