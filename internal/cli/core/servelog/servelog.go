// Package servelog is the command serve-log.
package servelog

import (
	"context"
	"errors"
	"log/slog"
	"net"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/server"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/log/tiles"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	Log       string // folder
	Listen    string // host:port
	Cert, Key string // PEM files; "": plain HTTP
}

// New returns the command.
func New(s *cli.Streams) *cobra.Command {
	return command(func(ctx context.Context, o Options) error {
		return run(ctx, o, slog.New(slog.NewTextHandler(s.Err, nil)))
	})
}

func command(run func(context.Context, Options) error) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use: "serve-log --log DIR --listen HOST:PORT", Short: "serve a log's checkpoint and tiles to everybody, and nothing else",
		Long: "Serves checkpoint, tile/… and tile/entries/… of a log's folder over HTTP, read-only. It needs no key and\n" +
			"no Core, and serves a frozen log or a copy as well. What it serves is signed by the log and shows nothing\n" +
			"of the records; --cert and --key make it HTTPS all the same.",
		Args: cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Listen == "" || (o.Cert == "") != (o.Key == "") {
				return &cli.UsageError{Err: errors.New("--listen is needed, and --cert and --key come together")}
			}
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.Log, "log", ".marketops/log", "the log's folder")
	cmd.Flags().StringVar(&o.Listen, "listen", "", "host:port (required)")
	cmd.Flags().StringVar(&o.Cert, "cert", "", "PEM file of a certificate")
	cmd.Flags().StringVar(&o.Key, "key", "", "PEM file of its key")
	return cmd
}

func run(ctx context.Context, o Options, log *slog.Logger) error {
	f, err := tiles.Open(o.Log)
	if err != nil {
		return &marketops.Failure{Code: marketops.StateMissing, What: "log folder", Err: err}
	}
	defer f.Close()
	l, err := o.listener()
	if err != nil {
		return err
	}
	log.Info("ready", "address", l.Addr().String(), "log", o.Log)
	return server.Serve(ctx, f, log, l)
}

func (o Options) listener() (net.Listener, error) {
	if o.Cert != "" {
		return server.ListenTLS(o.Listen, o.Cert, o.Key)
	}
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, &marketops.Failure{Code: marketops.ConfigInvalid, What: "cannot listen on " + o.Listen, Err: err}
	}
	return l, nil
}
