package claims

import (
	"strings"
	"testing"

	"github.com/omega/marketops"
)

// follower asks for an operation that comes after that of n, in its run.
func follower(n NewClaim) NewClaim {
	out := ask(1, alice)
	out.Run = n.Run
	out.After = []Prerequisite{{n.OpDigest, "operation 1 (tag_repo octo-org/gadgets refs/tags/v1)"}}
	out.Build = out.claimRecord
	return out
}

// TestPrerequisite: a claim needs the success of what comes first, in its run and in the log.
func TestPrerequisite(t *testing.T) {
	t.Parallel()
	const waits = marketops.PrerequisiteOpen
	for name, c := range map[string]struct {
		reach func(*fixture) NewClaim
		want  marketops.Code
		says  string
	}{
		"unspent":        {func(f *fixture) NewClaim { return ask(0, alice) }, waits, "was not published yet"},
		"claimed":        {func(f *fixture) NewClaim { n, _ := f.walk(0, Claimed, ""); return n }, waits, "is being published"},
		"executing":      {func(f *fixture) NewClaim { n, _ := f.walk(0, Executing, ""); return n }, waits, "is being published"},
		"not logged":     {func(f *fixture) NewClaim { n, _ := f.walk(0, Decided, Success); return n }, waits, "the log does not show it yet"},
		"success":        {func(f *fixture) NewClaim { n, _ := f.walk(0, Closed, Success); return n }, "", ""},
		"failed":         {func(f *fixture) NewClaim { n, _ := f.walk(0, Closed, Failed); return n }, waits, "is closed as failed"},
		"rejected":       {func(f *fixture) NewClaim { n, _ := f.walk(0, Closed, Rejected); return n }, waits, "is closed as rejected"},
		"unknown":        {func(f *fixture) NewClaim { n, _ := f.walk(0, Closed, Unknown); return n }, waits, "has an unknown outcome"},
		"revoked":        {func(f *fixture) NewClaim { n := ask(0, alice); f.revoke(n, "no"); return n }, waits, "was revoked"},
		"resolved":       {func(f *fixture) NewClaim { return f.resolved(Success, true) }, "", ""},
		"not logged yet": {func(f *fixture) NewClaim { return f.resolved(Success, false) }, waits, "the log does not show it yet"},
		"resolved away":  {func(f *fixture) NewClaim { return f.resolved(Failed, true) }, waits, "is closed as failed"},
		"another run": {func(f *fixture) NewClaim {
			n, _ := f.walk(0, Closed, Success)
			n.Run = ask(2, alice).Run
			return n
		}, waits, "was not published yet"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t)
			n := follower(c.reach(f))
			_, _, err := f.Claim(ctx, n)
			wantCode(t, err, c.want)
			if checked := f.Check(ctx, n); err != nil && marketops.CodeOf(checked) != c.want {
				t.Errorf("check says %v", checked)
			}
			if err != nil && !strings.Contains(err.Error(), c.says) {
				t.Error(err)
			}
			if _, found, _ := f.Get(ctx, n.Receipt); found != (err == nil) {
				t.Errorf("the refusal left a row: %v", found)
			}
		})
	}
}

// resolved is an unknown outcome that a person resolved; the resolution has its index if it is logged.
func (f *fixture) resolved(o Outcome, isLogged bool) NewClaim {
	f.t.Helper()
	n, _ := f.walk(0, Closed, Unknown)
	rec := n.record(KindResolution, 0, string(o))
	if err := f.Resolve(ctx, n.Receipt, o, rec); err != nil {
		f.t.Fatal(err)
	}
	if isLogged {
		if err := f.Indexed(ctx, rec.Leaf, 9); err != nil {
			f.t.Fatal(err)
		}
	}
	return n
}

// TestPrerequisiteOnOneResource: a release on a tag may be claimed once the tag is done, and not before.
func TestPrerequisiteOnOneResource(t *testing.T) {
	t.Parallel()
	f := open(t)
	n, _ := f.walk(0, Executing, "")
	release := follower(n)
	release.OpKey, release.Kind = n.OpKey, marketops.PublishRelease
	_, _, err := f.Claim(ctx, release)
	wantCode(t, err, marketops.PrerequisiteOpen)
	must[Claim](t)(f.Decide(ctx, n.Receipt, 1, alice, Success, n.outcome(1, Success)))
	wantCode(t, f.CloseClaim(ctx, n.Receipt, 1, 7), "")
	f.claim(release)
}
