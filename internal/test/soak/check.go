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
	hindered       bool     // others hold its place on GitHub
	receipts       []issued // in the order of the log
	state, outcome string   // what the Core says of the claim of the newest receipt
}

// issued is one receipt for an operation, and what the log tells of it.
type issued struct {
	id string
	testenv.Account
}

// ended is how the receipt ended, as a person decided it or as its outcome says; "" if neither is in the log.
func (i issued) ended() string {
	for _, told := range [][]string{i.Verdicts, i.Outcomes} {
		if len(told) > 0 {
			return told[len(told)-1]
		}
	}
	return ""
}

func saw(kind, repository, subject string) testenv.Effect {
	return testenv.Effect{Kind: kind, Repo: repository, Subject: subject}
}

// visible is what strangers see of an operation: all of it, each exactly once.
func (o operation) visible() (out []testenv.Effect) {
	for _, e := range o.effects() {
		out = append(out, e.Effect)
	}
	return out
}

// named is a visible effect by the name that it has in an outcome.
type named struct {
	name string
	testenv.Effect
}

func (o operation) effects() []named {
	switch o.Kind {
	case "tag_repo":
		return []named{{"tag", saw("ref-created", o.Repository, o.Resource)}}
	case "publish_release":
		return []named{{"tag", saw("ref-created", o.Repository, o.Resource)}, {"release", saw("release-published", o.Repository, strings.TrimPrefix(o.Resource, "refs/tags/"))}}
	case "open_pr":
		head, _, _ := strings.Cut(o.Resource, ":")
		opened := named{"pull_request", saw("pull-opened", o.Repository, head)}
		if strings.HasPrefix(head, topic) {
			return []named{opened}
		}
		return []named{{"branch", saw("ref-created", o.Repository, "refs/heads/"+head)}, opened}
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

// receipts counts the receipts of all operations.
func (f findings) receipts() (n int) {
	for _, o := range f.operations {
		n += len(o.receipts)
	}
	return n
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
		ops, err := r.claims(ctx, said)
		if err != nil {
			return nil, err
		}
		all = append(all, ops...)
	}
	theirs := map[testenv.Effect]int{}
	for _, r := range runs {
		for _, e := range r.theirs {
			theirs[e]++
		}
	}
	seen = slices.DeleteFunc(seen, func(e testenv.Effect) bool { theirs[e]--; return theirs[e] >= 0 })
	f := compare(all, seen)
	f.leaves = leaves
	return f, nil
}

// claims asks the Core about the newest receipt of each operation of the run, in whichever folder it lies.
func (r *run) claims(ctx context.Context, said map[string]*testenv.Account) ([]operation, error) {
	ops, err := r.operations()
	for i := range ops {
		o := &ops[i]
		o.run, o.hindered = r.number, r.hindered[o.Number]
		for copied := range 2 {
			if err := o.ask(ctx, r, copied, said); err != nil {
				return nil, err
			}
		}
	}
	return ops, err
}

func (o *operation) ask(ctx context.Context, r *run, copied int, said map[string]*testenv.Account) error {
	v, err := r.show(ctx, copied, o.Number)
	if err != nil {
		return err
	}
	var all []issued
	for id, a := range said {
		if a.Run == v.Receipt.RunID && a.Operation == v.Receipt.Operation && a.Run != "" {
			all = append(all, issued{id, *a})
		}
	}
	slices.SortFunc(all, func(a, b issued) int { return a.Leaf - b.Leaf })
	o.receipts = all
	if len(all) > 0 && all[len(all)-1].id == v.Receipt.ReceiptID {
		o.state, o.outcome = v.State, v.Outcome
	}
	return nil
}

// shown is what the Core says of a receipt.
type shown struct {
	Receipt struct {
		ReceiptID string `json:"receipt_id"`
		RunID     string `json:"run_id"`
		Operation string
	}
	State, Outcome string
}

// show asks the Core about the receipt of an operation in a folder.
func (r *run) show(ctx context.Context, copied, number int) (v shown, err error) {
	out, err := r.world.Run(ctx, "marketops", "receipt", "show", filepath.Join(r.folder(copied), "receipts", fmt.Sprintf("%d.json", number)), "--json")
	if err == nil {
		err = json.Unmarshal(out, &v)
	}
	if err != nil {
		return v, fmt.Errorf("receipt %d of run %d: %w\n%s", number, r.number, err, out)
	}
	return v, nil
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
	name := fmt.Sprintf("run %d operation %d (%s %s %s)", o.run, o.Number, o.Kind, o.Repository, o.Resource)
	there := len(o.visible()) > 0
	for _, e := range o.visible() {
		there = there && times[e] > 0
		if times[e] > 1 {
			f.doubles = append(f.doubles, fmt.Sprintf("%s: %s happened %d times", name, e.Kind, times[e]))
		}
	}
	f.judgeReceipts(o, name, there)
	for _, e := range o.effects() {
		f.judgeEffect(o, name, e, times[e.Effect] > 0)
	}
	if o.hindered {
		if there {
			f.untrue = append(f.untrue, name+": others hold its place, and it is there")
		}
		return
	}
	if !there || o.state != "closed" || o.outcome != "success" {
		f.lost = append(f.lost, fmt.Sprintf("%s: claim %s %q, the effect is there: %v", name, o.state, o.outcome, there))
	}
	if there && !slices.ContainsFunc(o.receipts, func(i issued) bool { return len(i.Claims) > 0 && len(i.Intents) > 0 && len(i.Outcomes) > 0 }) {
		f.unlogged = append(f.unlogged, fmt.Sprintf("%s: the effect is there, and the log tells %+v", name, o.receipts))
	}
}

// judgeReceipts holds each receipt to one outcome, and success to one receipt and to what is there in the end.
func (f *findings) judgeReceipts(o operation, name string, there bool) {
	successes, last := 0, ""
	for _, i := range o.receipts {
		if len(i.Outcomes) > 1 || len(i.Verdicts) > 1 || !single(i.Claims) || !single(i.Intents) {
			f.doubles = append(f.doubles, fmt.Sprintf("%s: %s: %+v", name, i.id, i.Account))
		}
		if last = i.ended(); last == "success" {
			successes++
		}
	}
	if successes > 1 {
		f.doubles = append(f.doubles, fmt.Sprintf("%s: %d receipts say success", name, successes))
	}
	if last != "" && (successes > 0) != there {
		f.untrue = append(f.untrue, fmt.Sprintf("%s: the log says %s; the effect is there: %v", name, last, there))
	}
	if last != "" && o.state != "" && o.outcome != last {
		f.untrue = append(f.untrue, fmt.Sprintf("%s: the log says %s, the claim %q", name, last, o.outcome))
	}
}

// judgeEffect compares what the outcomes say of one effect, one after the other, with what is there in the end: no process
// takes away what was published.
func (f *findings) judgeEffect(o operation, name string, e named, there bool) {
	was := ""
	for _, i := range o.receipts {
		state, told := i.Effects[e.name]
		if !told {
			continue
		}
		done := state == "applied" || state == "adopted"
		if done && !there || state == "absent" && (was == "applied" || was == "adopted") {
			f.untrue = append(f.untrue, fmt.Sprintf("%s: the outcome of %s says that the %s is %s, after %q; it is there: %v", name, i.id, e.name, state, was, there))
		}
		was = state
	}
	if there && was == "absent" {
		f.untrue = append(f.untrue, fmt.Sprintf("%s: the newest outcome says that the %s is absent, and it is there", name, e.name))
	}
}

// single says that no epoch is told twice.
func single(epochs []int64) bool {
	all := slices.Sorted(slices.Values(epochs))
	return len(slices.Compact(all)) == len(epochs)
}
