package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go"

	"github.com/omega/marketops"
)

// relaxation is one thing made better than it is, to see whether that flips the answer.
type relaxation struct {
	text   string
	code   marketops.Code // what the denial is called if this alone flips it; "" leaves it
	change func(*Facts)
	thaw   bool // leave out the policies that freeze
}

// explain names the code of a denial and says what would flip it.
func (b *Bundle) explain(f Facts, v verdict) (marketops.Code, []string) {
	code, why := marketops.PolicyDenied, b.deciding(f, v)
	if b.onlyFrozen(v) {
		code = marketops.Frozen
	}
	options := b.relaxations(f)
	before := len(why)
	for _, r := range options {
		if b.flips(f, r) && len(why) < MaxWhyNot {
			why = append(why, "it would be allowed "+r.text)
			if r.code != "" {
				code = r.code
			}
		}
	}
	if len(why) == before {
		why = append(why, b.together(f, options))
	}
	return code, why
}

// deciding says what denied: the forbids that matched, or that no permit did.
func (b *Bundle) deciding(f Facts, v verdict) []string {
	if len(v.reasons) == 0 {
		return []string{fmt.Sprintf("no policy permits %s to %s by %s with %s", f.Kind, f.FullName, f.Requester, count(f.Approvals, "approval"))}
	}
	var out []string
	for _, id := range v.reasons[:min(len(v.reasons), MaxWhyNot/2)] {
		s := "policy " + string(id) + " forbids it"
		if r := b.notes[id].reason; r != "" {
			s += ": " + r
		}
		out = append(out, s)
	}
	return out
}

func (b *Bundle) onlyFrozen(v verdict) bool {
	return len(v.reasons) > 0 && !slices.ContainsFunc(v.reasons, func(id cedar.PolicyID) bool { return !b.notes[id].frozen })
}

// flips reports whether these relaxations together turn the denial into leave.
func (b *Bundle) flips(f Facts, rs ...relaxation) bool {
	use := all
	for _, r := range rs {
		r.change(&f)
		if r.thaw {
			use = isLive
		}
	}
	v, err := b.judge(f, use)
	return err == nil && v.allow
}

// together looks for a smallest set of relaxations that flips the answer when none does alone.
func (b *Bundle) together(f Facts, options []relaxation) string {
	if !b.flips(f, options...) {
		return "no approval, group, observed fact or end of a freeze would change that"
	}
	for i := 0; i < len(options); {
		if fewer := slices.Delete(slices.Clone(options), i, i+1); b.flips(f, fewer...) {
			options = fewer
		} else {
			i++
		}
	}
	if fewer := slices.Clone(options); len(fewer) > 0 && fewer[0].text == approvedBy(2).text {
		if fewer[0] = approvedBy(1); b.flips(f, fewer...) {
			options = fewer
		}
	}
	texts := make([]string, len(options))
	for i, r := range options {
		texts[i] = r.text
	}
	return "it would be allowed " + strings.Join(texts, ", and ")
}

// relaxations lists what may be tried. Of one and two more approvals only the smaller that is
// enough alone is kept, and else the larger, for together.
func (b *Bundle) relaxations(f Facts) []relaxation {
	one, two := approvedBy(1), approvedBy(2)
	out := []relaxation{two}
	if b.flips(f, one) {
		out = []relaxation{one}
	}
	out = append(out, relaxation{"outside the freeze", "", func(*Facts) {}, true})
	out = append(out, f.observations()...)
	for _, g := range b.groups {
		if len(out) < maxRelaxations && !slices.Contains(f.RequesterGroups, g) {
			out = append(out, relaxation{fmt.Sprintf("if %s were in the group %s", f.Requester, g), "", func(f *Facts) {
				f.RequesterGroups = append(slices.Clone(f.RequesterGroups), g)
			}, false})
		}
	}
	return out
}

// approvedBy adds approvals of persons whose ids nobody has.
func approvedBy(n int) relaxation {
	return relaxation{"with " + count(n, "more approval") + " by another person", "", func(f *Facts) {
		f.Approvers = slices.Clone(f.Approvers)
		for i := range n {
			f.Approvers = append(f.Approvers, fmt.Sprintf("\x00%d", i))
		}
		f.Approvals += n
	}, false}
}

// observations relaxes what GitHub showed, one fact at a time, or that nobody looked.
func (f Facts) observations() []relaxation {
	if f.Observed == nil {
		return []relaxation{{"if the Core read GitHub itself (observe: github in core.yaml) and found everything in order", marketops.FactUnobserved, func(f *Facts) {
			f.Observed = &Observed{DefaultBranch: f.BaseBranch, CommitOnBranch: true, TagAbsent: true, HeadSHA: strings.Repeat("0", 40)}
		}, false}}
	}
	var out []relaxation
	relax := func(wrong bool, text string, change func(*Observed)) {
		if wrong {
			out = append(out, relaxation{text, "", func(f *Facts) {
				o := *f.Observed
				change(&o)
				f.Observed = &o
			}, false})
		}
	}
	o := *f.Observed
	relax(o.Archived, "if the repository were not archived", func(o *Observed) { o.Archived = false })
	relax(!o.TagAbsent, "if the tag did not exist yet", func(o *Observed) { o.TagAbsent = true })
	relax(!o.CommitOnBranch, "if the commit lay on the allowed branch", func(o *Observed) { o.CommitOnBranch = true })
	relax(f.BaseBranch != "" && o.DefaultBranch != f.BaseBranch, "if "+f.BaseBranch+" were the default branch",
		func(o *Observed) { o.DefaultBranch = f.BaseBranch })
	return out
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func list(ids []string) string { return strings.Join(ids, ", ") }
