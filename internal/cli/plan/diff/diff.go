// Package diff is the command plan diff.
package diff

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/runfolder"
	"github.com/omega/marketops/plan"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	Old, New string // runs
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(*env.Env, Options) error) *cobra.Command {
	var o Options
	return &cobra.Command{
		Use:   "diff RUN RUN",
		Short: "Show what a second plan would publish differently",
		Long: `Compare two plans operation by operation, down to each member of the operation documents. Exit code 0
whether they differ or not; --json says which.`,
		Args: cli.Args(cobra.ExactArgs(2)),
		RunE: func(_ *cobra.Command, args []string) error { o.Old, o.New = args[0], args[1]; return run(e, o) },
	}
}

// difference is one member that differs; an absent value is "".
type difference struct {
	Operation string `json:"operation"` // repository and resource
	Member    string `json:"member"`    // "tag.commit", "release.assets.a.tar.gz.sha256", … or "" for the whole
	Old       string `json:"old"`
	New       string `json:"new"`
}

type diffView struct {
	Schema      string           `json:"schema"`
	Old         marketops.Digest `json:"old"`
	New         marketops.Digest `json:"new"`
	Same        bool             `json:"same"`
	Differences []difference     `json:"differences"`
}

func run(e *env.Env, o Options) error {
	old, err := runfolder.Find(o.Old)
	if err != nil {
		return err
	}
	defer old.Close()
	other, err := runfolder.Find(o.New)
	if err != nil {
		return err
	}
	defer other.Close()
	v := diffView{Schema: "marketops.plan-diff/v1", Old: old.PlanDigest, New: other.PlanDigest, Same: old.PlanDigest == other.PlanDigest, Differences: []difference{}}
	if v.Differences, err = differences(old, other); err != nil {
		return err
	}
	if v.Same {
		e.Print("the same plan: %s", v.Old)
	}
	for _, d := range v.Differences {
		e.Print("%s: %s → %s", strings.TrimSpace(d.Operation+" "+d.Member), orNothing(d.Old), orNothing(d.New))
	}
	return e.Result(v)
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

func differences(old, other *plan.Run) ([]difference, error) {
	before, err := members(old)
	if err != nil {
		return nil, err
	}
	after, err := members(other)
	if err != nil {
		return nil, err
	}
	out := []difference{}
	for _, op := range union(before, after) {
		if before[op] == nil || after[op] == nil {
			out = append(out, difference{op, "", presence(before[op]), presence(after[op])})
			continue
		}
		for _, m := range union(before[op], after[op]) {
			if x, y := before[op][m], after[op][m]; x != y {
				out = append(out, difference{op, m, x, y})
			}
		}
	}
	return out, nil
}

func presence(members map[string]string) string {
	if members == nil {
		return ""
	}
	return "planned"
}

func union[V any](a, b map[string]V) (out []string) {
	for k := range a {
		out = append(out, k)
	}
	for k := range b {
		if _, both := a[k]; !both {
			out = append(out, k)
		}
	}
	sort.Strings(out)
	return out
}

// members flattens each operation document into path → value, by repository and resource.
func members(r *plan.Run) (map[string]map[string]string, error) {
	out := map[string]map[string]string{}
	for i, doc := range r.Documents {
		var v any
		if err := json.Unmarshal(doc, &v); err != nil {
			return nil, err
		}
		op := r.Operations[i]
		flat := map[string]string{}
		flatten(flat, nil, v)
		for _, other := range r.Plan.Prerequisites(r.Plan.Operations[i].Operation) {
			flat["after."+other.Title()] = "planned"
		}
		out[fmt.Sprintf("%s %s %s", op.Kind, op.Target.FullName, op.Resource())] = flat
	}
	return out, nil
}

// flatten names the elements of a list by their name or path where they have one, so that one
// added asset does not look like a change of all that follow.
func flatten(out map[string]string, path []string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			flatten(out, append(slices.Clone(path), k), x)
		}
	case []any:
		for i, x := range v {
			flatten(out, append(slices.Clone(path), element(x, i)), x)
		}
	default:
		out[strings.Join(path, ".")] = fmt.Sprint(v)
	}
}

func element(v any, i int) string {
	if m, ok := v.(map[string]any); ok {
		for _, k := range []string{"name", "path"} {
			if s, ok := m[k].(string); ok {
				return s
			}
		}
	}
	return fmt.Sprint(i)
}
