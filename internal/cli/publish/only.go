package publish

import (
	"fmt"
	"slices"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/runfolder"
	"github.com/spf13/cobra"
)

// checkOnly refuses numbers that no operation of the run has.
func checkOnly(only []int, operations int) error {
	for _, n := range only {
		if n < 1 || n > operations {
			return &cli.UsageError{Err: fmt.Errorf("--only %d: the run has operations 1 to %d", n, operations)}
		}
	}
	return nil
}

func isSelected(only []int, number int) bool { return len(only) == 0 || slices.Contains(only, number) }

// completeOnly offers the operations of the run on the command line.
func completeOnly(_ *cobra.Command, args []string, _ string) (out []string, _ cobra.ShellCompDirective) {
	if len(args) != 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	r, err := runfolder.Find(args[0])
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer r.Close()
	for i, op := range r.Operations {
		out = append(out, fmt.Sprintf("%d\t%s %s %s", i+1, op.Kind, op.Target.FullName, op.Resource()))
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
