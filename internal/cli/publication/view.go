package publication

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
)

// OperationView is one operation's result in --json.
type OperationView struct {
	Number     int               `json:"number"`
	Kind       marketops.Kind    `json:"kind"`
	Repository string            `json:"repository"`
	Resource   string            `json:"resource"`
	Status     receipt.Status    `json:"status"`
	Already    bool              `json:"already"`
	URL        string            `json:"url"`
	Effects    []receipt.Effect  `json:"effects"` // what is known of them; none where nothing was begun
	Leaf       *uint64           `json:"leaf"`    // of the outcome or refusal; null if there is none
	Problem    *cli.Problem      `json:"problem"`
	Checks     []marketops.Check `json:"checks"`
	Looks      []publisher.Look  `json:"looks,omitzero"`     // at GitHub, before the claim
	WaitsFor   []int             `json:"waits_for,omitzero"` // numbers of operations that must succeed first
}

// ViewOf returns the view of a result.
func ViewOf(res publisher.Result) OperationView {
	v := OperationView{Number: res.Number, Kind: res.Op.Kind, Repository: res.Op.Target.FullName, Resource: res.Op.Resource(),
		Status: res.Status, Already: res.Already, URL: res.URL, Effects: res.Effects, Checks: res.Checks, Looks: res.Looks, WaitsFor: res.Waits}
	if len(res.Entry.Envelope) > 0 {
		v.Leaf = &res.Entry.Position.Index
	}
	if res.Err != nil {
		p := cli.ProblemOf(res.Err)
		v.Problem = &p
	}
	return v
}

// Line is one operation for people.
func Line(res publisher.Result, arg string) string {
	head := fmt.Sprintf("%d  %s %s %s: ", res.Number, res.Op.Kind, res.Op.Target.FullName, res.Op.Resource())
	leaf := ""
	if len(res.Entry.Envelope) > 0 {
		leaf = fmt.Sprintf(" (leaf %d)", res.Entry.Position.Index)
	}
	switch {
	case res.Status == "would-publish" && len(res.Waits) > 0:
		return head + "would publish after " + operations(res.Waits) + ": every other check but the mode's passed, and GitHub is as planned"
	case res.Status == "would-publish":
		return head + "would publish: every check but the mode's passed, and GitHub is as planned"
	case res.Status == "gate-passed" && len(res.Waits) > 0:
		return head + "comes after " + operations(res.Waits) + "; every other check but the mode's passed; not looked at: " + unseen(res.Looks)
	case res.Status == "gate-passed":
		return head + "every check but the mode's passed; not looked at: " + unseen(res.Looks)
	case res.Status == "not-attempted" && len(res.Waits) > 0:
		return head + "not attempted: waits for " + operations(res.Waits) + "; receipt unused"
	case res.Status == "not-attempted" && res.Err == nil:
		return head + "not attempted, receipt unspent"
	case res.Status == "not-attempted" && errors.Is(res.Err, context.Canceled):
		return head + "not attempted: interrupted before anything was sent"
	case res.Already && res.Status == receipt.Success:
		return head + "already published" + leaf + adopted(res.Effects) + " " + res.URL
	case res.Status == receipt.Success:
		return head + string(res.Status) + leaf + adopted(res.Effects) + " " + res.URL
	case res.Status == "open" && cli.ExitCode(res.Err) == cli.ExitUnknown:
		return head + "not known yet: marketops reconcile " + arg + OnGitHub(res.Effects)
	case res.Status == "open":
		return head + "stopped" + codeOf(res.Err) + "; the same command continues under the same receipt" + OnGitHub(res.Effects)
	}
	return head + string(res.Status) + codeOf(res.Err) + leaf + OnGitHub(res.Effects)
}

// operations says "operation 1" or "operations 1, 2".
func operations(numbers []int) string {
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = fmt.Sprint(n)
	}
	if len(words) == 1 {
		return "operation " + words[0]
	}
	return "operations " + strings.Join(words, ", ")
}

// adopted names the effects of a success that an earlier receipt made.
func adopted(effects []receipt.Effect) string {
	var names []string
	for _, e := range effects {
		if e.State == receipt.EffectAdopted {
			names = append(names, e.Name)
		}
	}
	if names == nil {
		return ""
	}
	return ", " + strings.Join(names, " and ") + " adopted from an earlier receipt"
}

// OnGitHub says after a line what GitHub shows of the effects of an operation that is no success.
func OnGitHub(effects []receipt.Effect) string {
	told := slices.Clone(effects)
	for i, e := range told {
		if e.State == receipt.EffectAdopted {
			told[i].Name += " (of an earlier receipt)"
		}
	}
	if words := receipt.OnGitHub(told); words != "" {
		return "; " + words
	}
	return ""
}

// unseen names what was not looked at.
func unseen(looks publisher.Looks) string {
	var names []string
	for _, l := range looks {
		if l.Status != marketops.Pass {
			names = append(names, l.Name)
		}
	}
	if names == nil {
		return "GitHub"
	}
	return strings.Join(names, ", ")
}

// LookLines are the looks of a trial run, or those of an operation that one of them stopped, for people.
func LookLines(res publisher.Result) (lines []string) {
	_, failed := res.Looks.Failure()
	if !failed && res.Status != publisher.WouldPublish && res.Status != publisher.GatePassed {
		return nil
	}
	for _, l := range res.Looks {
		line := fmt.Sprintf("   %-7s %s", lookWords[l.Status], l.Name)
		if l.Detail != "" {
			line += ": " + l.Detail
		}
		lines = append(lines, line)
	}
	return lines
}

var lookWords = map[marketops.Status]string{marketops.Pass: "passed", marketops.Fail: "failed", marketops.NotRun: "not run"}

func codeOf(err error) string {
	if c := marketops.CodeOf(err); c != "" {
		return ": " + string(c)
	}
	return ""
}
