package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/crypto/signer"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/witness"
	"github.com/omega/marketops/log/witness/server"
	"github.com/spf13/cobra"
)

func newWitness(g *globals) *cobra.Command {
	c := &cobra.Command{Use: "witness", Short: "Cosign the checkpoints of logs, for those who must not trust their operators alone", Args: cobra.ArbitraryArgs, RunE: cli.Group}
	c.AddCommand(newWitnessKey(g), newWitnessServe(g))
	return c
}

func newWitnessKey(g *globals) *cobra.Command {
	var name string
	c := &cobra.Command{
		Use:   "key FILE --name NAME",
		Short: "Show the verifier key of a witness, for trust files and log policies",
		Long: `Show the verifier key (C2SP signed-note, type 0x04) that a witness has with this key file and name.
FILE is a private or a public key, as marketops key new --plain makes them. The name is a URL without
its scheme by convention, such as witness.example.com/w1, and need not resolve.`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error { return g.showWitness(args[0], name) },
	}
	c.Flags().StringVar(&name, "name", "", "the witness's name (required)")
	return c
}

func (g *globals) showWitness(file, name string) error {
	if err := log.CheckName(name); err != nil {
		return &cli.UsageError{Err: fmt.Errorf("--name: %w", err)}
	}
	k, err := signer.LoadPublic(file)
	if err != nil {
		private, err := g.loadKey(file)
		if err != nil {
			return err
		}
		k = private.Public()
	}
	vkey := log.WitnessVkey(name, k)
	g.Print("%s", vkey)
	return g.Result(struct {
		Schema string       `json:"schema"`
		Name   string       `json:"name"`
		ID     crypto.KeyID `json:"id"`
		Vkey   string       `json:"vkey"`
	}{"marketops.witness-key/v1", name, k.ID(), vkey})
}

type witnessOptions struct {
	key, name, listen, policy, state string
	logs                             []string
}

func newWitnessServe(g *globals) *cobra.Command {
	var o witnessOptions
	c := &cobra.Command{
		Use:   "serve --key FILE --name NAME --listen ADDR --log VKEY",
		Short: "Serve as a witness (C2SP tlog-witness) until SIGINT or SIGTERM",
		Long: `Serve POST add-checkpoint: verify that a log's new checkpoint extends the one cosigned last, remember it
durably, and cosign it. It never signs two histories of one log, whatever it is asked and whenever it is
killed. Any log whose checkpoints are signed by Ed25519 can be witnessed.

The first checkpoint of each log is taken on trust. Whoever loses the state folder must retire the key
with it: do not start this key again with an empty folder, and never restore the folder from a backup.

The protocol holds no secret. Behind a public address put a proxy that ends TLS; the key belongs on a
machine that the log's operator does not control.`,
		Example: "  marketops key new --plain w1.pem\n  marketops witness serve --key w1.pem --name witness.example.com/w1 --listen 127.0.0.1:7001 --log log.example.com+1f2e…",
		Args:    cli.Args(cobra.NoArgs),
		RunE:    func(c *cobra.Command, _ []string) error { return g.serveWitness(c.Context(), o) },
	}
	c.Flags().StringVar(&o.key, "key", "", "the witness's private key: a file or env://NAME; it must sign nothing else (required)")
	c.Flags().StringVar(&o.name, "name", "", "the witness's name (required)")
	c.Flags().StringVar(&o.listen, "listen", "", "address and port to listen on (required)")
	c.Flags().StringArrayVar(&o.logs, "log", nil, "verifier key of a log; may be repeated")
	c.Flags().StringVar(&o.policy, "policy", "", "a C2SP tlog-policy whose logs are witnessed")
	c.Flags().StringVar(&o.state, "state", "", "state folder (default: the key's file name and .state)")
	return c
}

func (g *globals) serveWitness(ctx context.Context, o witnessOptions) error {
	if err := o.complete(); err != nil {
		return &cli.UsageError{Err: fmt.Errorf("%w (see marketops witness serve --help)", err)}
	}
	parties, err := o.parties()
	if err != nil {
		return err
	}
	k, err := g.loadKey(o.key)
	if err != nil {
		return err
	}
	if _, err := os.Stat(o.state); errors.Is(err, fs.ErrNotExist) {
		g.Say("%s is new: the first checkpoint of each log is taken on trust", o.state)
	}
	w, err := witness.Open(witness.Options{Name: o.name, Signer: k, Logs: parties, Dir: o.state, Now: now})
	if err != nil {
		return err
	}
	defer w.Close()
	l, err := net.Listen("tcp", o.listen)
	if err != nil {
		return marketops.RefuseErr(marketops.ConfigInvalid, "--listen "+o.listen, err)
	}
	if err := g.announceWitness(w, l.Addr().String(), o.state, parties); err != nil {
		return errors.Join(err, l.Close())
	}
	return server.Serve(ctx, l, w, slog.New(slog.NewTextHandler(g.Err, nil)))
}

// complete fills the default of --state and names what is missing.
func (o *witnessOptions) complete() error {
	if o.key == "" || o.name == "" || o.listen == "" || len(o.logs) == 0 && o.policy == "" {
		return errors.New("--key, --name, --listen, and --log or --policy are needed")
	}
	if o.state == "" && strings.Contains(o.key, "://") {
		return errors.New("--state is needed for a key that is no file")
	}
	if o.state == "" {
		o.state = o.key + ".state"
	}
	o.state = absolute(o.state)
	return nil
}

// parties are the logs of the flags and of the policy.
func (o *witnessOptions) parties() ([]log.Party, error) {
	var out []log.Party
	for _, vkey := range o.logs {
		p, err := log.ParseVkey(vkey)
		if err != nil {
			return nil, marketops.RefuseErr(marketops.ConfigInvalid, "--log", err)
		}
		out = append(out, p)
	}
	if o.policy == "" {
		return out, nil
	}
	text, err := readBounded(o.policy, log.MaxPolicy)
	if err != nil {
		return nil, marketops.RefuseErr(marketops.ConfigInvalid, "--policy "+o.policy, err)
	}
	p, err := log.ParsePolicy(string(text))
	if err != nil {
		return nil, err
	}
	return append(out, p.Logs()...), nil
}

func (g *globals) announceWitness(w *witness.Witness, address, state string, parties []log.Party) error {
	var logs []string
	for _, p := range parties {
		g.Print("log %s", p.Vkey)
		logs = append(logs, p.Vkey)
	}
	g.Print("witness %s", w.Vkey())
	g.Print("ready http://%s", address)
	return g.Result(struct {
		Schema  string   `json:"schema"`
		Vkey    string   `json:"vkey"`
		Address string   `json:"address"`
		State   string   `json:"state"`
		Logs    []string `json:"logs"`
	}{"marketops.witness/v1", w.Vkey(), "http://" + address, state, logs})
}
