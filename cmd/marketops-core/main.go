// Command marketops-core runs the Federation Core and the Proof Ledger.
//
//	marketops-core init --origin log.example.com    keys, core.yaml, starter policy, trust.json
//	marketops-core serve [--dir .marketops]         until SIGINT or SIGTERM
//	marketops-core lower-clock --to TIME --reason TEXT
//	marketops-core serve-log --log DIR --listen HOST:PORT
//	marketops-core erase LEAFHASH --reason TEXT
//	marketops-core rotate --key FILE
//	marketops-core freeze --next HOST --key FILE
//	marketops-core backup FOLDER
//	marketops-core restore FOLDER
//	marketops-core export-audit FOLDER
//	marketops-core completion SHELL
//	marketops-core version
//
// It holds the authority, advisory, ledger and checkpoint keys and no credential that could
// change GitHub. Diagnostics go to standard error as structured lines; one of them says that it
// is ready and where.
package main

import (
	"os"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/core/backup"
	"github.com/omega/marketops/internal/cli/core/erase"
	"github.com/omega/marketops/internal/cli/core/exportaudit"
	"github.com/omega/marketops/internal/cli/core/freeze"
	"github.com/omega/marketops/internal/cli/core/initialize"
	"github.com/omega/marketops/internal/cli/core/lowerclock"
	"github.com/omega/marketops/internal/cli/core/restore"
	"github.com/omega/marketops/internal/cli/core/rotate"
	"github.com/omega/marketops/internal/cli/core/serve"
	"github.com/omega/marketops/internal/cli/core/servelog"
	"github.com/omega/marketops/internal/cli/version"
	"github.com/spf13/cobra"
)

func main() {
	s := cli.System("marketops-core")
	os.Exit(cli.Main(root(s), s, os.Args[1:]))
}

func root(s *cli.Streams) *cobra.Command {
	c := cli.Group("marketops-core", "run the Federation Core and the Proof Ledger",
		initialize.New(s), serve.New(s), lowerclock.New(s), servelog.New(s), erase.New(s), rotate.New(s), freeze.New(s),
		backup.New(s), restore.New(s), exportaudit.New(s), version.New(s, "print the version", ""))
	version.AddFlag(c, s, "")
	c.SetHelpCommand(cli.NewHelp())
	return c
}
