// Command marketops is what everybody types: plan, submit, approve, authorize, publish, verify.
//
// It holds no code that issues receipts or writes the log; those are in marketops-core. The
// GitHub write credential is read inside publish and reconcile alone.
package main

import (
	"os"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/approve"
	"github.com/omega/marketops/internal/cli/audit"
	"github.com/omega/marketops/internal/cli/authorize"
	configshow "github.com/omega/marketops/internal/cli/config/show"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/export/sigstore"
	"github.com/omega/marketops/internal/cli/initialize"
	keycreate "github.com/omega/marketops/internal/cli/key/create"
	keyshow "github.com/omega/marketops/internal/cli/key/show"
	"github.com/omega/marketops/internal/cli/log/checkpoint"
	"github.com/omega/marketops/internal/cli/log/leaf"
	"github.com/omega/marketops/internal/cli/log/prove"
	"github.com/omega/marketops/internal/cli/pack"
	"github.com/omega/marketops/internal/cli/plan"
	plandiff "github.com/omega/marketops/internal/cli/plan/diff"
	planshow "github.com/omega/marketops/internal/cli/plan/show"
	"github.com/omega/marketops/internal/cli/publish"
	receiptcheck "github.com/omega/marketops/internal/cli/receipt/check"
	receiptshow "github.com/omega/marketops/internal/cli/receipt/show"
	"github.com/omega/marketops/internal/cli/reconcile"
	"github.com/omega/marketops/internal/cli/revoke"
	"github.com/omega/marketops/internal/cli/submit"
	"github.com/omega/marketops/internal/cli/topics"
	trustadd "github.com/omega/marketops/internal/cli/trust/add"
	trustdiff "github.com/omega/marketops/internal/cli/trust/diff"
	trustretire "github.com/omega/marketops/internal/cli/trust/retire"
	trustrevoke "github.com/omega/marketops/internal/cli/trust/revokekey"
	trustshow "github.com/omega/marketops/internal/cli/trust/show"
	"github.com/omega/marketops/internal/cli/verify"
	"github.com/omega/marketops/internal/cli/version"
	witnesskey "github.com/omega/marketops/internal/cli/witness/key"
	witnessserve "github.com/omega/marketops/internal/cli/witness/serve"
	"github.com/spf13/cobra"
)

func main() {
	s := cli.System("marketops")
	os.Exit(cli.Main(root(env.New(s)), s, os.Args[1:]))
}

const long = `marketops publishes to GitHub only what was authorised: exactly that content, exactly once,
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
  marketops-verify widgets.mopack --trust .marketops/trust.json`

func root(e *env.Env) *cobra.Command {
	c := cli.Group("marketops", "Publish to GitHub only what was authorised, exactly once, provably")
	c.Long = long
	e.Bind(c.PersistentFlags())
	addGroup(c, "setup", "Set up:", initialize.New(e),
		cli.Group("key", "Make and show keys", keycreate.New(e), keyshow.New(e)),
		cli.Group("trust", "Show and change whom to believe", trustshow.New(e), trustadd.New(e), trustretire.New(e), trustrevoke.New(e), trustdiff.New(e)),
		cli.Group("config", "Show the settings in force", configshow.New(e)),
		version.New(e.Streams, "Print the version", "marketops "))
	version.AddFlag(c, e.Streams, "marketops ")
	planning := plan.New(e)
	planning.AddCommand(planshow.New(e), plandiff.New(e))
	addGroup(c, "plan", "Plan:", planning)
	addGroup(c, "authorise", "Authorise:", submit.New(e), approve.New(e), authorize.New(e),
		cli.Group("receipt", "Look at receipts", receiptcheck.New(e), receiptshow.New(e)), revoke.New(e))
	addGroup(c, "publish", "Publish:", publish.New(e), reconcile.New(e))
	addGroup(c, "prove", "Prove:", pack.New(e), verify.New(e), audit.New(e),
		cli.Group("log", "Read the Proof Ledger", checkpoint.New(e), leaf.New(e), prove.New(e)),
		cli.Group("witness", "Cosign the checkpoints of logs, for those who must not trust their operators alone", witnesskey.New(e), witnessserve.New(e)),
		cli.Group("export", "Hand evidence to other verifiers", sigstore.New(e)))
	c.AddCommand(topics.New()...)
	c.AddCommand(topics.NewMan())
	c.SetHelpCommand(cli.NewHelp())
	c.SetHelpCommandGroupID("setup")
	c.SetCompletionCommandGroupID("setup")
	return c
}

// addGroup adds commands under a title of the help text.
func addGroup(root *cobra.Command, id, title string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: id, Title: title})
	for _, c := range commands {
		c.GroupID = id
		root.AddCommand(c)
	}
}
