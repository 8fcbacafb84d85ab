package show

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/omega/marketops/internal/cli/advice"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/verifier"
)

func (p *page) operations(r *verifier.Report) {
	if r.Omitted > 0 {
		p.line("  %d further checks are not listed", r.Omitted)
	}
	if len(r.Operations)+len(r.Refusals)+len(r.Counts) > 0 {
		p.line("")
	}
	if len(r.Operations) > 0 && !r.Verified() {
		p.line("what the records say, which was not verified:")
	}
	for _, o := range r.Operations {
		p.line("  %s %s %s  %s%s", o.Kind, o.Repository, o.Resource, o.Status, withPrefix("  ", o.URL))
		for _, line := range fate(o, r.Operations) {
			p.line("    %s", line)
		}
		p.line("    %s", people(o))
		p.line("    %s", leaves(o))
	}
	for _, f := range r.Refusals {
		p.line("  refused %s  leaf %d, by %s at %s", f.Code, f.Index, f.By, f.At)
	}
	p.counts(r.Counts)
	if r.Since != nil {
		p.line("new since size %d:", r.Since.Size)
		p.counts(r.New)
	}
}

func (p *page) counts(counts []verifier.Count) {
	width := 0
	for _, c := range counts {
		width = max(width, len(fmt.Sprint(c.Count)))
	}
	for _, c := range counts {
		p.line("  %*d %s", width, c.Count, c.Name)
	}
}

// fate says what the status of an operation leaves open: its receipt where it has several, a tag that it did not make, and what is on
// GitHub if it is no plain success.
func fate(o verifier.Operation, all []verifier.Operation) (lines []string) {
	others := slices.ContainsFunc(all, func(x verifier.Operation) bool { return x.Operation == o.Operation && x.Receipt != o.Receipt })
	adopted := slices.ContainsFunc(o.Effects, func(e verifier.Effect) bool { return e.State == receipt.EffectAdopted })
	if others {
		lines = append(lines, "under receipt "+string(o.Receipt)+", one of several for this operation")
	}
	if o.FoundTag != "" {
		lines = append(lines, "planned for a tag that is there already, at the object "+o.FoundTag+"; who made it is not shown")
	}
	if o.Status != receipt.Success || adopted {
		lines = append(lines, onGitHub(o))
	}
	return lines
}

func onGitHub(o verifier.Operation) string {
	var effects []receipt.Effect
	for _, e := range o.Effects {
		if e.State == receipt.EffectAdopted {
			e.Name += " (adopted from " + cmp.Or(string(e.Earlier), "an earlier receipt") + ")"
		}
		effects = append(effects, receipt.Effect{Name: e.Name, State: e.State})
	}
	switch {
	case len(effects) > 0:
		return receipt.OnGitHub(effects)
	case slices.Contains(withoutEffects, o.Status):
		return "nothing became visible on GitHub under this receipt"
	}
	return "what is on GitHub is not known"
}

// withoutEffects are the ends before which GitHub was not asked to change anything.
var withoutEffects = []receipt.Status{receipt.Revoked, receipt.Rejected}

func people(o verifier.Operation) string {
	s := "asked by " + orNothing(o.Requester) + "; approved by " + orNothing(strings.Join(o.Approvers, ", ")) + "; authorised by " + orNothing(strings.Join(o.Authority, ", "))
	return s + withPrefix("; "+carriedOut(o)+" by ", o.Publisher) + withPrefix("; resolved by ", o.Resolver) + withPrefix("; code ", string(o.Code))
}

// carriedOut says what the publisher did with the receipt.
func carriedOut(o verifier.Operation) string {
	if o.Status == receipt.Success {
		return "published"
	}
	return "claimed"
}

func leaves(o verifier.Operation) string {
	parts := make([]string, len(o.Positions))
	for i, at := range o.Positions {
		parts[i] = fmt.Sprintf("%s %d", at.Record, at.Index)
	}
	return "leaves: " + strings.Join(parts, ", ")
}

func withPrefix(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// basis says what the report was computed from.
func (p *page) basis(r *verifier.Report) {
	if r.TrustVersion > 0 {
		p.line("trust: version %d, %s", r.TrustVersion, r.TrustDigest)
	}
	if c := r.Checkpoint; c != nil {
		p.line("checkpoint: %s size %d root %s", c.Origin, c.Size, c.Root)
	}
}

// headline says first what was shown, or that nothing was.
func (p *page) headline(r *verifier.Report) {
	p.word(r)
	p.line(": %s", cmp.Or(r.Shown, string(r.Code), "nothing was verified"))
}

// word writes the verdict and what lowers it.
func (p *page) word(r *verifier.Report) {
	word, color := string(r.Verdict), red
	switch {
	case r.Verified():
		color = green
	case r.Verdict == verifier.Indeterminate:
		color = yellow
	default:
		word = string(verifier.Failed)
	}
	if p.color {
		word = color + word + plain
	}
	p.b.WriteString(word)
	if r.Lowered {
		p.b.WriteString(" at level " + Escape(string(r.Level)) + ", below that of trust.json")
	}
	if r.Unwitnessed != "" {
		p.b.WriteString(" (unwitnessed)")
	}
}

func (p *page) verdict(r *verifier.Report, groups []*group) {
	passed := 0
	for _, g := range groups {
		if len(g.others) == 0 {
			passed++
		}
	}
	p.word(r)
	s := ": "
	for _, part := range []string{r.Shown, string(r.Code), r.Unwitnessed} {
		if part != "" {
			s += part + "; "
		}
	}
	p.line("%s%d of %d checks passed", s, passed, len(groups))
	if r.Kept != "" {
		p.line("  kept   %s: both statements of the log; keep what was verified with it", r.Kept)
	}
	if r.NotKept != "" {
		p.line("  kept   nothing: %s", r.NotKept)
	}
	if next := cmp.Or(r.Next, advice.Next(r.Code)); next != "" && !r.Verified() {
		p.line("  next   %s", next)
	}
}
