package publisher_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/sample"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/view"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/github"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier/audit"
)

// thief has what belongs to some roles and does with it what he can. found is what an honest party then sees: a code, or
// what it reads.
type thief struct {
	stolen string // the roles, as the first column of docs/compromise.md names them
	does   string // the second column
	steals func(s *stage) (op marketops.Operation, found string)
}

var thieves = []thief{
	{"requester", "submits a plan and asks for receipts", func(s *stage) (marketops.Operation, string) {
		r := s.NewRun(s.tagOp()).Submit()
		return r.Ops[0], string(r.Decide().Decisions[0].Code)
	}},
	{"approver", "approves where two approvals are needed", func(s *stage) (marketops.Operation, string) {
		s.needTwo()
		r := s.NewRun(s.tagOp()).Submit().Approve("alice")
		return r.Ops[0], string(r.Decide().Decisions[0].Code)
	}},
	{"publisher", "reports a success that never was", func(s *stage) (marketops.Operation, string) {
		r := s.authorised(s.tagOp())
		r.lie()
		return r.plan.Ops[0], "audit " + s.audit() + ", GitHub " + s.look(r.plan.Ops[0])
	}},
	{"authority", "signs a receipt without approvals", func(s *stage) (marketops.Operation, string) {
		return s.forgedReceipt(nil)
	}},
	{"ledger", "calls the Core as the publisher does", func(s *stage) (marketops.Operation, string) {
		r := s.authorised(s.tagOp())
		_, err := s.Client("ledger").Claim(context.Background(), r.plan.Wanted(0, "ledger"))
		return r.plan.Ops[0], code(err)
	}},
	{"checkpoint", "shows an auditor another log", func(s *stage) (marketops.Operation, string) {
		s.authorised(s.tagOp())
		memory := s.TempDir()
		must(view.New(s.Client(""), s.World.Trust.Log(), memory).Latest())
		_, err := view.New(s.fork(), s.World.Trust.Log(), memory).Latest()
		return s.tagOp(), code(err)
	}},
	{"credential", "writes to GitHub without marketops", func(s *stage) (marketops.Operation, string) {
		op := s.tagOp()
		s.write("git/refs", map[string]string{"ref": "refs/tags/" + op.Tag.Name, "sha": s.commit})
		r := s.authorised(op)
		results, err := r.publish("pub", r.folder())
		s.ok(err)
		return op, code(results[0].Err)
	}},
	{"witness", "cosigns a log of its own", func(s *stage) (marketops.Operation, string) {
		l := logtest.New(world.Origin, logtest.Key(9)) // not the log's key
		l.Witnesses = witnesses[:1]
		l.Append([]byte("forged"))
		_, err := s.witnessed().Open(l.Checkpoint())
		return s.tagOp(), code(err)
	}},
	{"relay", "repeats the answers of an earlier publication", func(s *stage) (marketops.Operation, string) {
		heard, control := tape{}, s.authorised(s.tagOp())
		control.relayed(control.folder(), &relay{stage: s, answer: heard.hear})
		r := s.NewRun(s.tagOp()).Submit().Approve("alice").Authorize()
		return s.publishThrough(r, nil, func(path string, honest said) said {
			if !strings.HasPrefix(path, "/v1/") {
				return honest
			}
			return heard[route(path)]
		})
	}},

	{"requester, approver", "approves the own plan where one approval is needed", func(s *stage) (marketops.Operation, string) {
		r := s.authorised(s.tagOp())
		results, err := r.publish("pub", r.folder())
		s.ok(err)
		return r.plan.Ops[0], fmt.Sprintf("%s, audit %s", results[0].Status, s.audit())
	}},
	{"approver, authority", "signs a receipt with one approval where two are needed", func(s *stage) (marketops.Operation, string) {
		s.needTwo()
		return s.forgedReceipt(func(r *world.Run) { r.Approve("alice") })
	}},
	{"publisher, credential", "publishes other content and reports a success", func(s *stage) (marketops.Operation, string) {
		r := s.authorised(s.tagOp())
		op := r.plan.Ops[0]
		r.lie()
		s.write("git/refs", map[string]string{"ref": "refs/tags/" + op.Tag.Name, "sha": s.commit})
		return op, "audit " + s.audit() + ", GitHub " + s.look(op)
	}},
	{"ledger, relay", "grants what the Core refuses after a veto", func(s *stage) (marketops.Operation, string) {
		r := s.NewRun(s.tagOp()).Submit().Approve("alice").Authorize()
		veto := func() { world.Got(r.VoteAs("carol", func(a *receipt.Approval) { a.Verdict = receipt.Reject }))(s) }
		return s.publishThrough(r, veto, s.grant)
	}},
	{"checkpoint, relay", "shows a publisher another log", func(s *stage) (marketops.Operation, string) {
		r := s.NewRun(s.tagOp()).Submit().Approve("alice").Authorize()
		fork := sync.OnceValue(s.fork) // longer than what the publisher remembers
		return s.publishThrough(r, nil, func(path string, honest said) said {
			if b, err := fork().ReadFile(strings.TrimPrefix(path, "/")); err == nil {
				honest.status, honest.body = http.StatusOK, b
			}
			return honest
		})
	}},
	{"checkpoint, witness", "shows a log that one of three witnesses cosigned", func(s *stage) (marketops.Operation, string) {
		l := s.fork()
		l.Witnesses = witnesses[:1]
		_, err := s.witnessed().Open(l.Checkpoint())
		return s.tagOp(), code(err)
	}},
}

func code(err error) string {
	if err == nil {
		return "nothing"
	}
	return string(marketops.CodeOf(err))
}

// needTwo raises the minimum to two approvals.
func (s *stage) needTwo() {
	s.WriteTrust(2, func(f *trust.File) { f.Approvals[0].Threshold = 2 })
	s.Core.Sweep(context.Background())
}

// forgedReceipt presents a receipt of the stolen authority to an honest publisher.
func (s *stage) forgedReceipt(before func(*world.Run)) (marketops.Operation, string) {
	good := s.issued()
	r := s.NewRun(s.tagOp()).Submit()
	if before != nil {
		before(r)
	}
	all, _ := s.Records(r.ID)
	good.Header, good.RunID, good.Operation, good.Plan, good.Submission = s.Head(), r.ID, r.Digests[0], r.PlanDigest(), r.Submission.Digest
	good.ReceiptID, good.Approvals, good.Trust = marketops.NewReceiptID([16]byte{1}), nil, s.World.Trust.Ref()
	votes := all[1:]
	for _, v := range votes {
		good.Approvals = append(good.Approvals, v.Digest)
	}
	if len(votes) == 0 {
		good.Approvals = append(good.Approvals, marketops.DigestOf([]byte("no approval")))
	}
	forged := must(receipt.Seal(good, s.Keys["authority"]))
	run := &run{stage: s, plan: r, sources: s.TempDir(), submission: all[0], approvals: votes,
		receipts: [][]api.Entry{{{Name: receipt.KindReceipt, Digest: forged.Digest, Leaf: forged.LeafHash(), Position: all[0].Position, Envelope: forged.Envelope}}}}
	results, err := run.publish("pub", run.folder())
	s.ok(err)
	if results[0].Checks.Find(marketops.ApprovalMissing).Status != marketops.Fail {
		s.Errorf("the gate does not miss approvals: %+v", results[0].Checks)
	}
	return r.Ops[0], code(results[0].Err)
}

// issued is an honest receipt to copy from.
func (s *stage) issued() *receipt.Receipt {
	r := s.NewRun(s.tagOp()).Submit().Approve("alice", "carol").Authorize()
	body := *r.Receipt(0)
	return &body
}

// fork is another log under the log's own key, as long as the true one.
func (s *stage) fork() *logtest.Log {
	l := logtest.New(world.Origin, s.Keys["checkpoint"])
	for range s.published() + 1 {
		l.Append([]byte("forged"))
	}
	return l
}

var witnesses = []logtest.Witness{{Name: "w1.example", Key: logtest.Key(1), At: sample.Noon}, {Name: "w2.example", Key: logtest.Key(2), At: sample.Noon}, {Name: "w3.example", Key: logtest.Key(3), At: sample.Noon}}

// witnessed is a policy of this log that asks for two of three witnesses.
func (s *stage) witnessed() *log.Policy {
	text := "log " + log.Vkey(world.Origin, s.Keys["checkpoint"].Public()) + "\n"
	for i, w := range witnesses {
		text += fmt.Sprintf("witness w%d %s\n", i+1, w.Vkey())
	}
	return must(log.ParsePolicy(text + "group most 2 w1 w2 w3\nquorum most\n"))
}

// lie reports a success for the first operation, and nothing was done.
func (r *run) lie() {
	r.Helper()
	c, intent := r.plan.Try(0, "pub")
	seen := r.Tree(intent.Position.Index).Checkpoint()
	quote := func(o *receipt.Outcome) {
		o.Checkpoint = &receipt.CheckpointRef{Origin: seen.Origin, Size: int64(seen.Size), Root: seen.Root}
	}
	world.Got(r.Client("pub").Outcome(context.Background(), r.plan.OutcomeOf(0, "pub", c.Claim.Epoch, intent.Position, quote)))(r)
}

// write sends one write with the stolen credential.
func (s *stage) write(path string, body any) {
	s.Helper()
	req := must(http.NewRequest(http.MethodPost, s.api+"repos/octo-org/widgets/"+path, bytes.NewReader(must(json.Marshal(body)))))
	req.Header.Set("Authorization", "Bearer "+secret)
	resp := must(http.DefaultClient.Do(req))
	s.ok(resp.Body.Close())
	if resp.StatusCode != http.StatusCreated {
		s.Fatalf("%s: %s", path, resp.Status)
	}
}

// look reads GitHub for an operation, as a reader without any of the keys can.
func (s *stage) look(op marketops.Operation) string {
	obs := must(must(github.New((&run{stage: s}).portOptions())).Observe(context.Background(), op, nil))
	return map[publisher.Presence]string{publisher.Found: "shows it", publisher.Absent: "shows nothing", publisher.Conflict: "shows other content"}[obs.State]
}

// audit is what an auditor of the whole log says.
func (s *stage) audit() string {
	s.Helper()
	s.Core.Sweep(context.Background())
	index, _, err := s.Ledger.Newest(context.Background())
	s.ok(err)
	s.Tree(index)
	tiles, records, documents := must(audit.OpenFolder(s.Options.Config.Log)), must(audit.OpenFolder(s.Options.Config.Records)), must(audit.OpenFolder(filepath.Join(s.Dir, "documents")))
	defer tiles.Close()
	defer records.Close()
	defer documents.Close()
	return string(audit.Audit(tiles, records, s.Core.Trust(), audit.Options{Operations: documents}).Verdict)
}

// publishThrough publishes a run through a relay. veto, if there is one, is called when the publisher asks for its execution.
func (s *stage) publishThrough(r *world.Run, veto func(), answer func(string, said) said) (marketops.Operation, string) {
	s.Helper()
	all, _ := s.Records(r.ID)
	s.Tree(all[len(all)-1].Position.Index)
	run := &run{stage: s, plan: r, sources: s.TempDir(), submission: all[0], approvals: all[1:2], receipts: [][]api.Entry{r.Decided.Decisions[0].Receipts}}
	p := run.sit("pub", run.folder())
	defer p.leave()
	must(p.Log.Latest()) // it has a memory
	by := &relay{stage: s, before: map[string]func(){}, answer: answer}
	if veto != nil {
		by.before["/v1/execute"] = veto
	}
	p.through(by.start())
	results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
	if err != nil {
		return r.Ops[0], code(err)
	}
	return r.Ops[0], code(results[0].Err)
}

// grant answers every refusal with a lease, under the stolen key of the ledger.
func (s *stage) grant(path string, honest said) said {
	if !slices.Contains([]string{"/v1/execute", "/v1/renew", "/v1/attempt"}, path) || honest.status == http.StatusOK {
		return honest
	}
	honest.status, honest.body = http.StatusOK, must(json.Marshal(api.Lease{Until: s.World.Now() + 600, Attempts: api.Attempts{marketops.EffectTag: 1}}))
	call := must(api.SignedHeader(honest.call, api.RequestHeader))
	answer := must(receipt.Seal(&receipt.Answer{Header: s.Head(), Request: marketops.DigestOf(call), Status: http.StatusOK, Body: marketops.DigestOf(honest.body)}, s.Keys["ledger"]))
	honest.header.Set(api.AnswerHeader, base64.StdEncoding.EncodeToString(answer.Envelope))
	return honest
}

// TestCompromise steals each role, and pairs of them, and compares with docs/compromise.md what became visible on GitHub and what an
// honest party then sees.
func TestCompromise(t *testing.T) {
	page := string(must(os.ReadFile("../docs/compromise.md")))
	roles := strings.Fields("requester approver publisher authority ledger checkpoint credential witness relay")
	pairs := len(roles) * (len(roles) - 1) / 2
	for _, thief := range thieves {
		if strings.Contains(thief.stolen, ",") {
			pairs--
		} else {
			roles = slices.DeleteFunc(roles, func(r string) bool { return r == thief.stolen })
		}
	}
	if len(roles) > 0 || !strings.Contains(page, fmt.Sprintf("The other %d pairs", pairs)) {
		t.Errorf("%q are not stolen; %d pairs are left", roles, pairs)
	}
	for _, thief := range thieves {
		t.Run(strings.ReplaceAll(thief.stolen+" "+thief.does, " ", "-"), func(t *testing.T) {
			s := newStage(t)
			op, found := thief.steals(s)
			visible := "no"
			if len(s.visible(op)) > 0 {
				visible = "yes"
			}
			want := fmt.Sprintf("| %s | %s | %s | %s |", thief.stolen, thief.does, visible, found)
			if !strings.Contains(page, want) {
				t.Errorf("docs/compromise.md lacks %s", want)
			}
		})
	}
}
