package gate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/sample"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

// cast returns a vote by a person of these groups.
func cast(verdict receipt.Verdict, person string, groups ...string) gate.Vote {
	return gate.Vote{Body: &receipt.Approval{Verdict: verdict}, Person: trust.Holder{Role: trust.RolePerson, Name: person, Groups: groups}}
}

func TestTally(t *testing.T) {
	floor := func(groupsAndThresholds ...any) (out []trust.Rule) {
		for i := 0; i < len(groupsAndThresholds); i += 2 {
			out = append(out, sample.Everything(groupsAndThresholds[i].(string), groupsAndThresholds[i+1].(int))...)
		}
		return out
	}
	type votes = []gate.Vote
	for _, c := range []struct {
		name   string
		floor  []trust.Rule
		votes  votes // count
		others votes // are known and do not count
		want   []marketops.Code
	}{
		{"no floor", nil, votes{cast("approve", "alice", "dev")}, nil, []marketops.Code{marketops.ApprovalMissing}},
		{"nobody", floor("dev", 1), nil, nil, []marketops.Code{marketops.ApprovalMissing}},
		{"one of one", floor("dev", 1), votes{cast("approve", "alice", "dev")}, nil, nil},
		{"one of two", floor("dev", 2), votes{cast("approve", "alice", "dev")}, nil, []marketops.Code{marketops.ApprovalMissing}},
		{"two of two", floor("dev", 2), votes{cast("approve", "alice", "dev"), cast("approve", "bob", "dev")}, nil, nil},
		{"one person twice", floor("dev", 2), votes{cast("approve", "alice", "dev"), cast("approve", "alice", "dev")}, nil,
			[]marketops.Code{marketops.ApprovalMissing, marketops.DuplicatePerson}},
		{"twice beside enough", floor("dev", 2), votes{cast("approve", "alice", "dev"), cast("approve", "bob", "dev"), cast("approve", "alice", "dev")}, nil,
			[]marketops.Code{marketops.DuplicatePerson}},
		{"the requester", floor("dev", 1), votes{cast("approve", "rachel", "dev")}, nil, []marketops.Code{marketops.ApprovalMissing, marketops.SelfApproval}},
		{"the requester beside enough", floor("dev", 1), votes{cast("approve", "rachel", "dev"), cast("approve", "bob", "dev")}, nil, []marketops.Code{marketops.SelfApproval}},
		{"another group", floor("dev", 1), votes{cast("approve", "carol", "guests")}, nil, []marketops.Code{marketops.ApprovalMissing}},
		{"two floors, one met", floor("dev", 1, "security", 1), votes{cast("approve", "alice", "dev")}, nil, []marketops.Code{marketops.ApprovalMissing}},
		{"two floors, two persons", floor("dev", 1, "security", 1), votes{cast("approve", "alice", "dev"), cast("approve", "sam", "security")}, nil, nil},
		{"two floors, one person of both groups", floor("dev", 1, "security", 1), votes{cast("approve", "sam", "dev", "security")}, nil, nil},
		{"one floor twice, the higher counts", floor("dev", 1, "dev", 2), votes{cast("approve", "alice", "dev")}, nil, []marketops.Code{marketops.ApprovalMissing}},
		{"a veto", floor("dev", 1), votes{cast("approve", "alice", "dev")}, votes{cast("reject", "bob", "dev")}, []marketops.Code{marketops.RejectedByApprover}},
		{"a veto from the second floor", floor("dev", 1, "security", 1), votes{cast("approve", "alice", "dev"), cast("approve", "sam", "security")},
			votes{cast("reject", "sid", "security")}, []marketops.Code{marketops.RejectedByApprover}},
		{"a rejection from outside", floor("dev", 1), votes{cast("approve", "alice", "dev")}, votes{cast("reject", "carol", "guests")}, nil},
		{"an unknown verdict is no approval", floor("dev", 1), votes{cast("maybe", "alice", "dev")}, nil,
			[]marketops.Code{marketops.ApprovalMissing, marketops.RejectedByApprover}},
		{"approvals that do not count", floor("dev", 1), nil, votes{cast("approve", "alice", "dev")}, []marketops.Code{marketops.ApprovalMissing}},
	} {
		tally := gate.Tally{Kind: marketops.TagRepo, Target: sample.ReleaseOp().Target, Requester: "rachel", Minimum: c.floor}
		for _, v := range c.votes {
			tally.Add(v, true)
		}
		for _, v := range c.others {
			tally.Add(v, false)
		}
		checks := tally.Checks()
		if got := failures(checks); !slices.Equal(got, c.want) || len(checks) != 4 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		if missing := slices.Contains(c.want, marketops.ApprovalMissing); missing != (len(tally.Missing()) > 0) {
			t.Errorf("%s: missing %v", c.name, tally.Missing())
		}
	}
}

func TestTallyWords(t *testing.T) {
	tally := gate.Tally{Requester: "rachel", Minimum: sample.Everything("dev", 3)}
	for _, p := range []string{"bob", "alice", "bob", "rachel"} {
		tally.Add(cast("approve", p, "dev"), true)
	}
	if got := tally.Approvers(); !slices.Equal(got, []string{"alice", "bob"}) {
		t.Errorf("approvers are %v", got)
	}
	if got := strings.Join(tally.Missing(), "; "); got != `1 more of group "dev" (2 of 3)` {
		t.Errorf("missing says %q", got)
	}
}
