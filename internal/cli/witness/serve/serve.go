// Package serve is the command witness serve.
package serve

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
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/witness"
	"github.com/omega/marketops/log/witness/server"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	Key, Name, Listen string
	Logs              []string // verifier keys
	Policy            string   // file; "": none
	State             string   // folder; "": beside the key
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(context.Context, *env.Env, Options) error) *cobra.Command {
	var o Options
	c := &cobra.Command{
		Use:   "serve --key FILE --name NAME --listen ADDR --log VKEY",
		Short: "Serve as a witness (C2SP tlog-witness) until SIGINT or SIGTERM",
		Long: `Serve POST add-checkpoint: verify that a log's new checkpoint extends the one cosigned last, remember it
durably, and cosign it. It never signs two histories of one log, in any order of requests and even if it is
killed. Any log whose checkpoints are signed by Ed25519 can be witnessed; one whose origin is not the name
of its key as --log "VKEY ORIGIN".

The first checkpoint of each log is taken on trust. If the state folder is lost, the operator must retire the key
with it: do not start this key again with an empty folder, and never restore the folder from a backup.

The protocol holds no secret. Behind a public address put a proxy that ends TLS; the key belongs on a
machine that the log's operator does not control.`,
		Example: "  marketops key new --plain w1.pem\n  marketops witness serve --key w1.pem --name witness.example.com/w1 --listen 127.0.0.1:7001 --log log.example.com+1f2e…",
		Args:    cli.Args(cobra.NoArgs),
		RunE:    func(c *cobra.Command, _ []string) error { return run(c.Context(), e, o) },
	}
	c.Flags().StringVar(&o.Key, "key", "", "the witness's private key: a file or env://NAME; it must sign nothing else (required)")
	c.Flags().StringVar(&o.Name, "name", "", "the witness's name (required)")
	c.Flags().StringVar(&o.Listen, "listen", "", "address and port to listen on (required)")
	c.Flags().StringArrayVar(&o.Logs, "log", nil, "verifier key of a log and, after a space, its origin where that is not the key's name; may be repeated")
	c.Flags().StringVar(&o.Policy, "policy", "", "a C2SP tlog-policy whose logs are witnessed")
	c.Flags().StringVar(&o.State, "state", "", "state folder (default: the key's file name and .state)")
	return c
}

func run(ctx context.Context, e *env.Env, o Options) error {
	if err := o.complete(); err != nil {
		return &cli.UsageError{Err: fmt.Errorf("%w (see marketops witness serve --help)", err)}
	}
	parties, err := o.parties()
	if err != nil {
		return err
	}
	k, err := e.LoadKey(o.Key)
	if err != nil {
		return err
	}
	if _, err := os.Stat(o.State); errors.Is(err, fs.ErrNotExist) {
		e.Say("%s is new: the first checkpoint of each log is taken on trust", o.State)
	}
	w, err := witness.Open(witness.Options{Name: o.Name, Signer: k, Logs: parties, Dir: o.State, Now: cli.Now})
	if err != nil {
		return err
	}
	defer w.Close()
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return marketops.RefuseErr(marketops.ConfigInvalid, "--listen "+o.Listen, err)
	}
	if err := announce(e.Streams, w, l.Addr().String(), o.State, parties); err != nil {
		return errors.Join(err, l.Close())
	}
	return server.Serve(ctx, l, w, slog.New(slog.NewTextHandler(e.Err, nil)))
}

// complete fills the default of --state and names what is missing.
func (o *Options) complete() error {
	if o.Key == "" || o.Name == "" || o.Listen == "" || len(o.Logs) == 0 && o.Policy == "" {
		return errors.New("--key, --name, --listen, and --log or --policy are needed")
	}
	if o.State == "" && strings.Contains(o.Key, "://") {
		return errors.New("--state is needed for a key that is no file")
	}
	if o.State == "" {
		o.State = o.Key + ".state"
	}
	o.State = env.Absolute(o.State)
	return nil
}

// parties are the logs of the flags and of the policy.
func (o *Options) parties() ([]log.Party, error) {
	var out []log.Party
	for _, vkey := range o.Logs {
		p, err := parseLog(vkey)
		if err != nil {
			return nil, marketops.RefuseErr(marketops.ConfigInvalid, "--log", err)
		}
		out = append(out, p)
	}
	if o.Policy == "" {
		return out, nil
	}
	text, err := regular.ReadPath(o.Policy, log.MaxPolicy)
	if err != nil {
		return nil, marketops.RefuseErr(marketops.ConfigInvalid, "--policy "+o.Policy, err)
	}
	p, err := log.ParsePolicy(string(text))
	if err != nil {
		return nil, err
	}
	return append(out, p.Logs()...), nil
}

// parseLog reads a verifier key and, after a space, the origin of a log that is not named like its key.
func parseLog(s string) (log.Party, error) {
	vkey, origin, named := strings.Cut(s, " ")
	p, err := log.ParseVkey(vkey)
	if err == nil && named {
		p.Name, err = origin, log.CheckOriginLine(origin)
	}
	return p, err
}

// told is a log as --log takes it.
func told(p log.Party) string {
	if strings.HasPrefix(p.Vkey, p.Name+"+") {
		return p.Vkey
	}
	return p.Vkey + " " + p.Name
}

func announce(s *cli.Streams, w *witness.Witness, address, state string, parties []log.Party) error {
	var logs []string
	for _, p := range parties {
		s.Print("log %s", told(p))
		logs = append(logs, told(p))
	}
	s.Print("witness %s", w.Vkey())
	s.Print("ready http://%s", address)
	return s.Result(struct {
		Schema  string   `json:"schema"`
		Vkey    string   `json:"vkey"`
		Address string   `json:"address"`
		State   string   `json:"state"`
		Logs    []string `json:"logs"`
	}{"marketops.witness/v1", w.Vkey(), "http://" + address, state, logs})
}
