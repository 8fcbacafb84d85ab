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
//	marketops-core completion SHELL
//	marketops-core version
//
// It holds the authority, advisory, ledger and checkpoint keys and no credential that could
// change GitHub. Diagnostics go to standard error as structured lines; one of them says that it
// is ready and where.
package main

import (
	"os"
	"runtime/debug"

	"github.com/omega/marketops/internal/cli"
	"github.com/spf13/cobra"
)

func main() {
	s := cli.System("marketops-core")
	os.Exit(cli.Main(root(s), s, os.Args[1:]))
}

func root(s *cli.Streams) *cobra.Command {
	cmd := &cobra.Command{Use: "marketops-core", Short: "run the Federation Core and the Proof Ledger", Args: cobra.ArbitraryArgs, RunE: cli.Group}
	cmd.AddCommand(initCommand(s), serveCommand(s), clockCommand(s), serveLogCommand(s), eraseCommand(s), rotateCommand(s), freezeCommand(s), backupCommand(s), restoreCommand(s), versionCommand(s))
	return cmd
}

func versionCommand(s *cli.Streams) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "print the version", Args: cli.Args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			s.Print("%s", version())
			return s.Result(struct {
				Schema  string `json:"schema"`
				Version string `json:"version"`
			}{"marketops.version/v1", version()})
		},
	}
}

// version is what the module was built as.
func version() string {
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" {
		return b.Main.Version
	}
	return "(unknown)"
}
