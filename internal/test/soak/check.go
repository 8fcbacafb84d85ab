package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/omega/marketops/internal/test/testenv"
)

// operation is what was authorised, and what became of it by each of three accounts.
type operation struct {
	Kind, Repository, Resource string
	Number                     int

	run            int
	receipt        string
	state, outcome string          // what the Core says of the claim
	log            testenv.Account // what the log tells
}

func saw(kind, repository, subject string) testenv.Effect {
	return testenv.Effect{Kind: kind, Repo: repository, Subject: subject}
}

// visible is what strangers see of an operation: all of it, each exactly once.
func (o operation) visible() []testenv.Effect {
	switch o.Kind {
	case "tag_repo":
		return []testenv.Effect{saw("ref-created", o.Repository, o.Resource)}
	case "publish_release":
		return []testenv.Effect{saw("ref-created", o.Repository, o.Resource), saw("release-published", o.Repository, strings.TrimPrefix(o.Resource, "refs/tags/"))}
	case "open_pr":
		head, _, _ := strings.Cut(o.Resource, ":")
		opened := saw("pull-opened", o.Repository, head)
		if strings.HasPrefix(head, topic) {
			return []testenv.Effect{opened}
		}
		return []testenv.Effect{saw("ref-created", o.Repository, "refs/heads/"+head), opened}
	}
	return nil
}

// findings is what the checker found, a line each.
type findings struct {
	operations                      []operation
	doubles, lost, untrue, unlogged []string
	leaves                          int
}

func (f findings) String() string {
	return fmt.Sprintf("%d doubles, %d lost, %d false outcomes, %d unlogged; %d leaves, the audit says verified",
		len(f.doubles), len(f.lost), len(f.untrue), len(f.unlogged), f.leaves)
}

// kinds counts the operations of each kind.
func (f findings) kinds() string {
	n := map[string]int{}
	for _, o := range f.operations {
		n[o.Kind]++
	}
	var out []string
	for _, k := range slices.Sorted(maps.Keys(n)) {
		out = append(out, fmt.Sprintf("%d %s", n[k], k))
	}
	return strings.Join(out, ", ")
}

func (f findings) err() error {
	all := slices.Concat(f.doubles, f.lost, f.untrue, f.unlogged)
	if len(all) == 0 {
		return nil
	}
	return errors.New("\n  " + strings.Join(all, "\n  "))
}

// check gathers the three accounts and compares them.
func check(ctx context.Context, w *testenv.World, runs []*run) (*findings, error) {
	seen, err := w.Effects(ctx)
	if err == nil {
		err = w.Audit(ctx)
	}
	if err != nil {
		return nil, err
	}
	said, leaves, err := w.Accounts()
	if err != nil {
		return nil, err
	}
	var all []operation
	for _, r := range runs {
		ops, err := r.claims(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, ops...)
	}
	for i := range all {
		if a := said[all[i].receipt]; a != nil {
			all[i].log = *a
		}
	}
	f := compare(all, seen)
	f.leaves = leaves
	return f, nil
}

// claims asks the Core about every receipt of the run.
func (r *run) claims(ctx context.Context) ([]operation, error) {
	ops, err := r.operations()
	for i := range ops {
		o := &ops[i]
		o.run = r.number
		var v struct {
			Receipt struct {
				ReceiptID string `json:"receipt_id"`
			}
			State, Outcome string
		}
		out, err := r.world.Run(ctx, "marketops", "receipt", "show", filepath.Join(r.folder(0), "receipts", fmt.Sprintf("%d.json", o.Number)), "--json")
		if err == nil {
			err = json.Unmarshal(out, &v)
		}
		if err != nil {
			return nil, fmt.Errorf("receipt %d of run %d: %w\n%s", o.Number, r.number, err, out)
		}
		o.receipt, o.state, o.outcome = v.Receipt.ReceiptID, v.State, v.Outcome
	}
	return ops, err
}

// compare is pure: operations as the log and the claims tell them, against what GitHub saw.
func compare(all []operation, seen []testenv.Effect) *findings {
	f := &findings{operations: all}
	times := map[testenv.Effect]int{}
	for _, e := range seen {
		times[e]++
	}
	for _, o := range all {
		f.judge(o, times)
		for _, e := range o.visible() {
			delete(times, e)
		}
	}
	for e, n := range times {
		if e.Kind == "ref-created" || e.Kind == "release-published" || e.Kind == "pull-opened" {
			f.unlogged = append(f.unlogged, fmt.Sprintf("nobody asked for %v, %d times", e, n))
		}
	}
	slices.Sort(f.unlogged)
	return f
}

func (f *findings) judge(o operation, times map[testenv.Effect]int) {
	name := fmt.Sprintf("run %d operation %d (%s %s %s, receipt %s)", o.run, o.Number, o.Kind, o.Repository, o.Resource, o.receipt)
	said, there := o.log.Outcomes, len(o.visible()) > 0
	for _, e := range o.visible() {
		there = there && times[e] > 0
		if times[e] > 1 {
			f.doubles = append(f.doubles, fmt.Sprintf("%s: %s happened %d times", name, e.Kind, times[e]))
		}
	}
	if len(said) > 1 || !single(o.log.Claims) || !single(o.log.Intents) {
		f.doubles = append(f.doubles, fmt.Sprintf("%s: %+v", name, o.log))
	}
	for _, s := range said {
		if (s == "success") != there {
			f.untrue = append(f.untrue, fmt.Sprintf("%s: the log says %s; the effect is there: %v", name, s, there))
		}
	}
	if len(said) == 1 && o.outcome != said[0] {
		f.untrue = append(f.untrue, fmt.Sprintf("%s: the log says %s, the claim %q", name, said[0], o.outcome))
	}
	if !there || o.state != "closed" || o.outcome != "success" {
		f.lost = append(f.lost, fmt.Sprintf("%s: claim %s %q, the effect is there: %v", name, o.state, o.outcome, there))
	}
	if there && (len(o.log.Claims) == 0 || len(o.log.Intents) == 0 || len(said) == 0) {
		f.unlogged = append(f.unlogged, fmt.Sprintf("%s: the effect is there, and the log tells %+v", name, o.log))
	}
}

// single says that no epoch is told twice.
func single(epochs []int64) bool {
	all := slices.Sorted(slices.Values(epochs))
	return len(slices.Compact(all)) == len(epochs)
}
