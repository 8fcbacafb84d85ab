package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// operation is what was authorised, and what became of it by each of three accounts.
type operation struct {
	Kind, Repository, Resource string
	Number                     int

	run            int
	receipt        string
	state, outcome string   // what the Core says of the claim
	leaves         []string // statuses of the outcomes in the log
}

// effect is one line of what the practice GitHub saw.
type effect struct{ Kind, Repo, Subject string }

// visible is what strangers see of an operation: all of it, each exactly once.
func (o operation) visible() []effect {
	switch o.Kind {
	case "tag_repo":
		return []effect{{"ref-created", o.Repository, o.Resource}}
	case "publish_release":
		return []effect{{"ref-created", o.Repository, o.Resource}, {"release-published", o.Repository, strings.TrimPrefix(o.Resource, "refs/tags/")}}
	case "open_pr":
		head, _, _ := strings.Cut(o.Resource, ":")
		return []effect{{"ref-created", o.Repository, "refs/heads/" + head}, {"pull-opened", o.Repository, head}}
	}
	return nil
}

// findings is what the checker found, a line each.
type findings struct {
	operations            []operation
	doubles, lost, untrue []string
	leaves                int
}

func (f findings) String() string {
	return fmt.Sprintf("%d doubles, %d lost, %d false outcomes; %d leaves, the audit says verified", len(f.doubles), len(f.lost), len(f.untrue), f.leaves)
}

func (f findings) err() error {
	all := slices.Concat(f.doubles, f.lost, f.untrue)
	if len(all) == 0 {
		return nil
	}
	return errors.New("\n  " + strings.Join(all, "\n  "))
}

// check gathers the three accounts and compares them.
func check(ctx context.Context, m *machine, runs []*run) (*findings, error) {
	var seen []effect
	out, err := m.run(ctx, "practice-github", "effects", "--json", "--admin", "github.json")
	if err == nil {
		err = json.Unmarshal(out, &seen)
	}
	if err != nil {
		return nil, fmt.Errorf("effects: %w\n%s", err, out)
	}
	log, records := m.path(".marketops", "log"), m.path(".marketops", "records")
	if out, err := m.run(ctx, "marketops-verify", "audit", "--log", log, "--records", records, "--operations", m.path(".marketops", "documents"),
		"--trust", m.path(".marketops", "trust.json")); err != nil || !strings.Contains(string(out), "\nverified") {
		return nil, fmt.Errorf("the audit: %w\n%s", err, out)
	}
	said, leaves, err := outcomes(log, records)
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
		all[i].leaves = said[all[i].receipt]
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
		out, err := r.machine.run(ctx, "marketops", "receipt", "show", filepath.Join(r.folder(0), "receipts", fmt.Sprintf("%d.json", o.Number)), "--json")
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
func compare(all []operation, seen []effect) *findings {
	f := &findings{operations: all}
	times := map[effect]int{}
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
			f.doubles = append(f.doubles, fmt.Sprintf("nobody asked for %v, %d times", e, n))
		}
	}
	slices.Sort(f.doubles)
	return f
}

func (f *findings) judge(o operation, times map[effect]int) {
	name := fmt.Sprintf("run %d operation %d (%s %s %s, receipt %s)", o.run, o.Number, o.Kind, o.Repository, o.Resource, o.receipt)
	there := len(o.visible()) > 0
	for _, e := range o.visible() {
		there = there && times[e] > 0
		if times[e] > 1 {
			f.doubles = append(f.doubles, fmt.Sprintf("%s: %s happened %d times", name, e.Kind, times[e]))
		}
	}
	if len(o.leaves) > 1 {
		f.doubles = append(f.doubles, fmt.Sprintf("%s: outcomes %v", name, o.leaves))
	}
	for _, s := range o.leaves {
		if (s == "success") != there {
			f.untrue = append(f.untrue, fmt.Sprintf("%s: the log says %s; the effect is there: %v", name, s, there))
		}
	}
	if len(o.leaves) == 1 && o.outcome != o.leaves[0] {
		f.untrue = append(f.untrue, fmt.Sprintf("%s: the log says %s, the claim %q", name, o.leaves[0], o.outcome))
	}
	if !there || o.state != "closed" || o.outcome != "success" || len(o.leaves) == 0 {
		f.lost = append(f.lost, fmt.Sprintf("%s: claim %s %q, outcomes %v, the effect is there: %v", name, o.state, o.outcome, o.leaves, there))
	}
}
