package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/omega/marketops"
	"github.com/spf13/cobra"
)

// Main runs a command tree and returns the exit code. SIGINT and SIGTERM cancel the context; a second one ends the
// process at once, which every command survives: what it was doing is continued by the next.
func Main(root *cobra.Command, s *Streams, args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetArgs(args)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &UsageError{fmt.Errorf("%w (see %s --help)", err, c.CommandPath())}
	})
	root.PersistentFlags().BoolVar(&s.JSON, "json", s.JSON, "write one JSON object to stdout, in success and in failure")
	root.PersistentFlags().BoolVarP(&s.Quiet, "quiet", "q", s.Quiet, "no talk on stderr, only errors")
	err := root.ExecuteContext(ctx)
	if err == nil {
		return ExitDone
	}
	return s.Fail(err)
}

// Args turns cobra's complaints about arguments into usage errors.
func Args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return &UsageError{fmt.Errorf("%w (see %s --help)", err, c.CommandPath())}
		}
		return nil
	}
}

// Index reads an argument that is the index of a leaf.
func Index(arg string) (uint64, error) {
	index, err := strconv.ParseUint(arg, 10, 63)
	if err != nil {
		return 0, &UsageError{fmt.Errorf("%q is not an index", arg)}
	}
	return index, nil
}

// Group returns a command that only has sub-commands.
func Group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs, RunE: RunGroup}
	c.AddCommand(commands...)
	return c
}

// RunGroup is the RunE of a command that only has sub-commands.
func RunGroup(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return Usage("%.80q is not a command of %s%s (see %s --help)", args[0], c.CommandPath(), similar(c, args[0]), c.CommandPath())
	}
	return errors.Join(c.Help())
}

// similar names the commands that were perhaps meant, such as ": did you mean publish?".
func similar(c *cobra.Command, typed string) string {
	c.SuggestionsMinimumDistance = 2
	if names := c.SuggestionsFor(typed); len(names) > 0 {
		return ": did you mean " + strings.Join(names, " or ") + "?"
	}
	return ""
}

// NewHelp returns the command help, which refuses what is neither a command nor a topic.
func NewHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND | TOPIC]",
		Short: "Help about any command or topic",
		Long:  "Show the help of a command, such as help publish or help trust add, or of a topic.",
		RunE: func(c *cobra.Command, args []string) error {
			found, rest, err := c.Root().Find(args)
			if err == nil && len(rest) > 0 {
				err = Usage("%.80q is not a command or topic of %s%s (see %s --help)", rest[0], found.CommandPath(), similar(found, rest[0]), found.CommandPath())
			}
			if err != nil {
				return err
			}
			return errors.Join(found.Help(), showTopic(found))
		},
	}
}

// showTopic shows the topic that has the name of a command, which would hide it.
func showTopic(found *cobra.Command) error {
	for _, other := range found.Root().Commands() {
		if other != found && other.Name() == found.Name() {
			_, err := fmt.Fprintf(found.OutOrStdout(), "\n%s\n", other.Long)
			return err
		}
	}
	return nil
}

// AddGoFlags gives a command the flags that bind describes, as marketops-verify has them.
func AddGoFlags(c *cobra.Command, bind func(*flag.FlagSet)) {
	f := flag.NewFlagSet(c.Name(), flag.ContinueOnError)
	bind(f)
	c.Flags().AddGoFlagSet(f)
}

// Now is the machine's clock.
func Now() marketops.Time { return marketops.TimeOf(time.Now()) }
