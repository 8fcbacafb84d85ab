package main

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

type serveLogOptions struct{ log, listen, cert, key string }

func serveLogCommand(s *cli.Streams) *cobra.Command {
	var o serveLogOptions
	cmd := &cobra.Command{
		Use: "serve-log --log DIR --listen HOST:PORT", Short: "serve a log's checkpoint and tiles to everybody, and nothing else",
		Long: "Serves checkpoint, tile/… and tile/entries/… of a log's folder over HTTP, read-only. It needs no key and\n" +
			"no Core, and serves a frozen log or a copy as well. What it serves is signed by the log and shows nothing\n" +
			"of the records; --cert and --key make it HTTPS all the same.",
		Args: cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.listen == "" || (o.cert == "") != (o.key == "") {
				return &cli.UsageError{Err: errors.New("--listen is needed, and --cert and --key come together")}
			}
			return serveLog(cmd.Context(), o, slog.New(slog.NewTextHandler(s.Err, nil)))
		},
	}
	cmd.Flags().StringVar(&o.log, "log", ".marketops/log", "the log's folder")
	cmd.Flags().StringVar(&o.listen, "listen", "", "host:port (required)")
	cmd.Flags().StringVar(&o.cert, "cert", "", "PEM file of a certificate")
	cmd.Flags().StringVar(&o.key, "key", "", "PEM file of its key")
	return cmd
}

func serveLog(ctx context.Context, o serveLogOptions, log *slog.Logger) error {
	f, err := tiles.Open(o.log)
	if err != nil {
		return &marketops.Failure{Code: marketops.StateMissing, What: "log folder", Err: err}
	}
	defer f.Close()
	l, err := o.listener()
	if err != nil {
		return err
	}
	log.Info("ready", "address", l.Addr().String(), "log", o.log)
	return server.Serve(ctx, f, log, l)
}

func (o serveLogOptions) listener() (net.Listener, error) {
	if o.cert != "" {
		return server.ListenTLS(o.listen, o.cert, o.key)
	}
	l, err := net.Listen("tcp", o.listen)
	if err != nil {
		return nil, &marketops.Failure{Code: marketops.ConfigInvalid, What: "cannot listen on " + o.listen, Err: err}
	}
	return l, nil
}
