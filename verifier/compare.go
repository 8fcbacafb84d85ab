package verifier

import (
	"fmt"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/foreign"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt/trust"
)

// CheckSplitView is a check of [Compare] that only fails.
const CheckSplitView = "split-view"

// MaxEvidence is the size in bytes of a file of checkpoints: one, or the two of evidence.
const MaxEvidence = 2*log.MaxCheckpoint + 1

// Evidence is a file with one checkpoint, or with two and an empty line between, as witnesses and
// users of a log keep them when it forks.
type Evidence struct {
	Name string
	Text []byte
}

// Compare looks for two checkpoints of one log and size with two roots, [marketops.SplitView]. The
// log's own signatures convict it, so no quorum is asked for.
func Compare(files []Evidence, t *trust.Trust) *Report {
	r := NewReport(OfCheckpoints, t, 0)
	if !Usable(t) {
		r.Fail(Check{Name: CheckTrust, Code: marketops.TrustMissing})
		r.Conclude(CheckTrust, CheckCheckpoint)
		return r
	}
	r.Pass(CheckTrust, "", fmt.Sprintf("version %d, %s", t.Version(), t.Digest()))
	shown, compared := map[string]*log.Checkpoint{}, 0
	for _, f := range files {
		for _, raw := range checkpoints(f.Text) {
			if compare(r, shown, f.Name, raw, t.Log()) {
				compared++
			}
		}
	}
	if compared == 0 && r.worst == "" {
		r.Fail(Check{Name: CheckCheckpoint, Code: marketops.NothingToVerify, Detail: "no two of these checkpoints are of one log at one size, so nothing was compared"})
		r.Next = "give checkpoints of one size, or compare the whole log: marketops-verify audit --since FILE"
	}
	r.Uncovered("that checkpoints of different sizes are of one history: that takes the log (marketops-verify audit)")
	if r.Conclude(CheckTrust, CheckCheckpoint); r.Verified() {
		r.Shown = "no two of these checkpoints contradict each other"
	}
	return r
}

// checkpoints splits a file; what is no checkpoint is left to whoever opens the pieces.
func checkpoints(text []byte) []string {
	parts := strings.SplitN(string(text), "\n\n", 4)
	if len(parts) != 4 {
		return []string{string(text)}
	}
	return []string{parts[0] + "\n\n" + parts[1] + "\n", parts[2] + "\n\n" + parts[3]}
}

// compare opens one checkpoint, and reports whether another one of its log and size was there to be compared with.
func compare(r *Report, shown map[string]*log.Checkpoint, name, raw string, policy *log.Policy) bool {
	cp, err := policy.OpenUnwitnessed([]byte(raw))
	if err != nil {
		r.Fail(Check{Name: CheckCheckpoint, Subject: name, Code: marketops.CheckpointUnsigned, Detail: err.Error() + otherLog(raw, policy)})
		return false
	}
	r.Pass(CheckCheckpoint, name, fmt.Sprintf("%s at size %d, root %s", cp.Origin, cp.Size, cp.Root))
	key := fmt.Sprintf("%s %d", cp.Origin, cp.Size)
	other := shown[key]
	if other != nil && other.Root != cp.Root {
		r.Fail(Check{Name: CheckSplitView, Subject: cp.Origin, Code: marketops.SplitView, Expected: other.Root.String(), Got: cp.Root.String(),
			Detail: fmt.Sprintf("the log signed two roots for size %d", cp.Size)})
	}
	shown[key] = cp
	return other != nil
}

// otherLog says of which log a checkpoint is that the trust file does not name.
func otherLog(raw string, policy *log.Policy) string {
	origin, _, ok := foreign.Origin([]byte(raw))
	if !ok {
		return ""
	}
	var known []string
	for _, l := range policy.Logs() {
		if known = append(known, l.Name); l.Name == origin {
			return ""
		}
	}
	return fmt.Sprintf("; it is of the log %s, and trust.json names %s", origin, strings.Join(known, ", "))
}
