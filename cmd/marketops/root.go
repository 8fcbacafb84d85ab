package main

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/spf13/cobra"
)

// version is set by the linker for releases.
var version = ""

// globals are the flags that every command shares.
type globals struct {
	*cli.Streams
	core    string
	trust   string
	ignored []string // variables that were taken out of the environment
}

func now() marketops.Time { return marketops.TimeOf(time.Now()) }

func newRoot(s *cli.Streams) *cobra.Command {
	g := &globals{Streams: s, ignored: cli.IgnoreCertificates()}
	root := &cobra.Command{
		Use:   "marketops",
		Short: "Publish to GitHub only what was authorised, exactly once, provably",
		Long: `marketops publishes to GitHub only what was authorised: exactly that content, exactly once,
and a stranger can check it offline.

The life of a run:

  marketops init --origin log.example.com --person bob --approver alice
  marketops-core serve &
  marketops plan -c marketops.yaml -o run
  marketops submit run
  marketops approve run --key alice.pem
  marketops authorize run
  GITHUB_TOKEN=… marketops publish run --mode prod
  marketops pack run -o widgets.mopack
  marketops-verify widgets.mopack --trust .marketops/trust.json`,
		Args: cobra.ArbitraryArgs,
		RunE: cli.Group,
	}
	root.PersistentFlags().StringVar(&g.core, "core", "", "address of the Federation Core: a socket path or https:// (default: $MARKETOPS_CORE, core: in the file, .marketops/core.sock)")
	root.PersistentFlags().StringVar(&g.trust, "trust", "", "the trust file (default: .marketops/trust.json)")
	for _, group := range []*cobra.Group{{ID: "setup", Title: "Set up:"}, {ID: "plan", Title: "Plan:"}, {ID: "authorise", Title: "Authorise:"}, {ID: "publish", Title: "Publish:"}, {ID: "prove", Title: "Prove:"}} {
		root.AddGroup(group)
	}
	add := func(group string, cs ...*cobra.Command) {
		for _, c := range cs {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("setup", newInit(g), newKey(g), newTrust(g), newConfig(g), newVersion(g))
	add("plan", newPlan(g))
	add("authorise", newSubmit(g), newApprove(g), newAuthorize(g), newReceipt(g), newRevoke(g))
	add("publish", newPublish(g), newReconcile(g))
	add("prove", newPack(g), newVerify(g), newAudit(g), newLog(g), newWitness(g), newExport(g))
	root.AddCommand(topics()...)
	root.AddCommand(newMan())
	root.SetHelpCommandGroupID("setup")
	root.SetCompletionCommandGroupID("setup")
	return root
}

func newVersion(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cli.Args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			v := buildVersion()
			g.Print("marketops %s", v)
			return g.Result(struct {
				Schema  string `json:"schema"`
				Version string `json:"version"`
			}{"marketops.version/v1", v})
		},
	}
}

func buildVersion() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "unreleased"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return fmt.Sprintf("%s (%.12s)", info.Main.Version, s.Value)
		}
	}
	return info.Main.Version
}
