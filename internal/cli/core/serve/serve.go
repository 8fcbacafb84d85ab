// Package serve is the command serve of marketops-core.
package serve

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto/signer"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/core"
	"github.com/omega/marketops/federation/server"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/core/keys"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/internal/version"
	"github.com/omega/marketops/log/claims"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	Dir string
}

// New returns the command.
func New(s *cli.Streams) *cobra.Command {
	return command(func(ctx context.Context, o Options) error {
		return run(ctx, o.Dir, slog.New(slog.NewTextHandler(s.Err, nil)))
	})
}

func command(run func(context.Context, Options) error) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use: "serve [--dir DIR]", Short: "serve the Federation Core and the Proof Ledger",
		Args: cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.Dir, "dir", ".marketops", "state folder")
	return cmd
}

func run(ctx context.Context, dir string, log *slog.Logger) error {
	slog.SetDefault(log)
	for _, name := range cli.IgnoreCertificates() {
		log.Warn("ignored: whom to believe is said by github.ca in core.yaml, or by the system's list", "variable", name)
	}
	o, err := options(dir, log)
	if err != nil {
		return err
	}
	c, err := core.Open(ctx, o)
	if err != nil {
		return err
	}
	listeners, err := listen(o.Config)
	if err != nil {
		return errors.Join(err, c.Close())
	}
	for _, l := range listeners {
		log.Info("ready", "address", l.Addr().String(), "origin", o.Config.Origin)
	}
	err = server.Serve(ctx, server.Handler(c, o.Config.Origin, o.Now, log), log, listeners...)
	log.Info("stopping")
	return errors.Join(err, c.Close())
}

// options reads everything that the state folder says.
func options(dir string, log *slog.Logger) (core.Options, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return core.Options{}, err
	}
	if err := regular.RequireOwnFolder(dir); err != nil {
		return core.Options{}, &marketops.Failure{Code: regular.CodeOf(err, marketops.StateMissing), What: dir, Err: err}
	}
	cfg, err := config.LoadCore(filepath.Join(dir, "core.yaml"))
	if err != nil {
		return core.Options{}, err
	}
	c := cfg.In(dir)
	o := core.Options{
		State: dir, Config: c, OpenLedger: openLedger, Version: version.String(), Random: rand.Reader, Free: core.FreeSpace, Log: log,
		Now: cli.Now,
	}
	if o.Checkpoint, err = signer.Load(c.Keys.Checkpoint, nil); err != nil {
		return o, err
	}
	if o.Keys, err = keys.Issuing(c.Keys); err != nil {
		return o, err
	}
	o.Observer, err = openObserver(c, dir)
	return o, err
}

func openLedger(path string, now func() marketops.Time) (core.Ledger, error) {
	return claims.Open(path, now)
}

// listen opens the socket, and TCP with TLS where it is configured.
func listen(c config.Core) ([]net.Listener, error) {
	path, err := config.SocketPath(c.Listen.Unix, os.Getenv("XDG_RUNTIME_DIR"))
	if err != nil {
		return nil, err
	}
	unix, err := server.ListenUnix(path)
	if err != nil || c.Listen.TCP == "" {
		return []net.Listener{unix}, err
	}
	tcp, err := server.ListenTLS(c.Listen.TCP, c.Listen.Cert, c.Listen.Key)
	if err != nil {
		return nil, errors.Join(err, unix.Close())
	}
	return []net.Listener{unix, tcp}, nil
}

// openObserver reads GitHub where core.yaml says so, with a read token if there is one.
func openObserver(c config.Core, dir string) (federation.Observer, error) {
	if c.Observe != config.ObserveGitHub {
		return nil, nil
	}
	token, err := config.ReadSecret(dir, c.GitHub.ReadToken)
	if err != nil && marketops.CodeOf(err) != marketops.TokenMissing {
		return nil, err
	}
	return newObserver(c.GitHub, token)
}
