package script

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/crypto/signer"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/plan/document"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/rogpeppe/go-internal/testscript"
)

// addPerson adds a person with a new plain key to the next version of trust.json.
func addPerson(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: person ID FILE [GROUP…]")
	}
	ts.Check(ts.Exec("marketops", "key", "new", args[1], "--plain"))
	k := loadKey(ts, args[1])
	path := ts.MkAbs(".marketops/trust.json")
	old, err := trust.Parse([]byte(ts.ReadFile(path)))
	ts.Check(err)
	f := old.Next(marketops.TimeOf(time.Now()))
	like := f.Persons[0].Keys[0]
	like.ID, like.SPKI = args[0]+"-1", base64.StdEncoding.EncodeToString(k.Public().SPKI())
	f.Persons = append(slices.Clone(f.Persons), trust.Person{ID: args[0], Groups: args[2:], Keys: []trust.Key{like}})
	b, err := json.Marshal(f, jsontext.WithIndent("  "))
	ts.Check(err)
	ts.Check(os.WriteFile(path, append(b, '\n'), 0o644))
}

func loadKey(ts *testscript.TestScript, file string) crypto.Signer {
	k, err := signer.Load(ts.MkAbs(file), func(string, bool) ([]byte, error) { return []byte{}, nil })
	ts.Check(err)
	return k
}

// attacker is a person who calls the Core without the product's commands.
type attacker struct {
	*api.Client
	key             crypto.Signer
	run             marketops.RunID
	plan            []byte
	docs            [][]byte
	refs            []receipt.OperationRef
	sub             *receipt.Record
	vote            *receipt.Record     // another person's approval; nil if there is none
	have            marketops.ReceiptID // a receipt of the run; "" if there is none
	name, requester string
	info            api.Info
}

// flood makes N calls of a kind as the owner of a key, eight at a time. Each must be answered with one of the codes, and
// "ok" is the code of those that are taken.
func flood(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 6 {
		ts.Fatalf("usage: flood KIND DIR NAME KEY N CODE…")
	}
	a := newAttacker(ts, args[1], args[2], args[3])
	n, err := strconv.Atoi(args[4])
	ts.Check(err)
	call := map[string]func() error{"rejections": a.reject, "fat": a.rejectFat, "approvals": a.approve, "copies": a.copyVote, "stolen": a.stealVote,
		"submissions": a.submitNew, "revocations": a.revoke, "authorize": a.authorize, "claims": a.claim, "padded": a.rejectPadded}[args[0]]
	if call == nil {
		ts.Fatalf("flood %s?", args[0])
	}
	counts := map[marketops.Code]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	next := make(chan bool, n)
	for range n {
		next <- true
	}
	close(next)
	for range 8 {
		wg.Go(func() {
			for range next {
				code := marketops.Code("ok")
				if err := call(); err != nil {
					if code = marketops.CodeOf(err); code == "" {
						code = marketops.Code(err.Error())
					}
				}
				mu.Lock()
				counts[code]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	ts.Logf("%v", counts)
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		if !slices.Contains(args[5:], string(code)) {
			ts.Fatalf("%d of %d calls were answered %s", counts[code], n, code)
		}
	}
}

func newAttacker(ts *testscript.TestScript, dir, name, keyFile string) *attacker {
	a := &attacker{key: loadKey(ts, keyFile), name: name}
	found, _ := filepath.Glob(filepath.Join(of(ts).Runtime, "marketops-*.sock"))
	socket := append(found, ts.MkAbs(".marketops/core.sock"))[0]
	law, err := trust.Parse([]byte(ts.ReadFile(".marketops/trust.json")))
	ts.Check(err)
	a.Client, err = api.Dial(socket, "log.example.com", a.key, law, func() marketops.Time { return marketops.TimeOf(time.Now()) })
	ts.Check(err)
	a.info, err = a.Info(context.Background())
	ts.Check(err)
	var run struct {
		ID marketops.RunID `json:"run_id"`
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(dir+"/run.json")), &run))
	a.run, a.plan = run.ID, []byte(ts.ReadFile(dir+"/plan.json"))
	p, err := document.Parse(a.plan)
	ts.Check(err)
	a.refs = p.Refs()
	for i := range a.refs {
		a.docs = append(a.docs, []byte(ts.ReadFile(dir+"/operations/"+strconv.Itoa(i+1)+".json")))
	}
	a.readRecords(ts)
	return a
}

func (a *attacker) readRecords(ts *testscript.TestScript) {
	t, err := trust.Parse([]byte(ts.ReadFile(".marketops/trust.json")))
	ts.Check(err)
	all, err := a.Records(context.Background(), a.run)
	ts.Check(err)
	for _, e := range all.Entries {
		rec, err := receipt.Open(e.Envelope, t.Ring())
		ts.Check(err)
		switch body := rec.Body.(type) {
		case *receipt.Submission:
			a.sub, a.requester = rec, body.Requester
		case *receipt.Approval:
			a.vote = rec
		case *receipt.Receipt:
			a.have = body.ReceiptID
		}
	}
}

func head() receipt.Header {
	h, _ := receipt.NewHeader(rand.Reader, marketops.TimeOf(time.Now()))
	return h
}

func (a *attacker) verdict(v receipt.Verdict) *receipt.Approval {
	h := head()
	return &receipt.Approval{Header: h, Verdict: v, RunID: a.run, Submission: a.sub.Digest, Requester: a.requester,
		Plan: marketops.DigestOf(a.plan), Operations: a.refs, Policy: a.info.Policy, NotBefore: h.IssuedAt, ExpiresAt: h.IssuedAt + 3600}
}

func (a *attacker) hand(body receipt.Body, files ...receipt.Subject) error {
	rec, err := receipt.Seal(body, a.key, files...)
	if err != nil {
		return err
	}
	_, err = a.Approve(context.Background(), rec.Envelope)
	return err
}

func (a *attacker) reject() error  { return a.hand(a.verdict(receipt.Reject)) }
func (a *attacker) approve() error { return a.hand(a.verdict(receipt.Approve)) }

// rejectFat hands in a rejection with further subjects, nearly 1 MiB of them.
func (a *attacker) rejectFat() error {
	v := a.verdict(receipt.Reject)
	v.Signer = a.key.Public().ID()
	type statement struct {
		Type          string            `json:"_type"`
		PredicateType string            `json:"predicateType"`
		Subject       []receipt.Subject `json:"subject"`
		Predicate     *receipt.Approval `json:"predicate"`
	}
	s := statement{receipt.StatementType, receipt.PredicatePrefix + "approval" + receipt.PredicateSuffix, []receipt.Subject{receipt.SubjectOf("plan.json", v.Plan)}, v}
	for i := range 7000 {
		s.Subject = append(s.Subject, receipt.SubjectOf("file-"+strconv.Itoa(10000+i), v.Plan))
	}
	payload, err := canon.Encode(s)
	if err != nil {
		return err
	}
	return a.handPayload(payload)
}

func (a *attacker) handPayload(payload []byte) error {
	env, err := crypto.Sign(receipt.PayloadType, payload, a.key)
	if err != nil {
		return err
	}
	_, err = a.Approve(context.Background(), env)
	return err
}

// copyVote says what another person said, under the own key; stealVote leaves the other's key in it.
func (a *attacker) copyVote() error {
	v := *a.vote.Body.(*receipt.Approval)
	return a.hand(&v)
}

func (a *attacker) stealVote() error { return a.handPayload(a.vote.Opened.Payload) }

// submitNew submits the plan as a new run of the own.
func (a *attacker) submitNew() error {
	var id [16]byte
	rand.Read(id[:])
	h := head()
	sub := &receipt.Submission{Header: h, RunID: marketops.NewRunID(id), Requester: a.name, Plan: marketops.DigestOf(a.plan), Operations: a.refs,
		Findings: h.Salted([]byte("{}")), NotShipped: h.Salted([]byte("[]"))}
	rec, err := receipt.Seal(sub, a.key)
	if err != nil {
		return err
	}
	_, err = a.Submit(context.Background(), api.Submit{Envelope: rec.Envelope, Plan: a.plan, Operations: a.docs})
	return err
}

// revoke tries to withdraw a receipt of the run.
func (a *attacker) revoke() error {
	_, err := a.Revoke(context.Background(), api.Revoke{Receipt: a.have, Reason: "not mine"})
	return err
}

func (a *attacker) authorize() error {
	_, err := a.Authorize(context.Background(), a.run)
	return err
}

// claim asks for the receipt of the run, as a key that is no publisher's can not.
func (a *attacker) claim() error {
	_, err := a.Claim(context.Background(), api.ClaimWanted{Receipt: a.have, Run: a.run, Operation: a.refs[0].Operation, Publisher: a.key.Public().ID(), Trust: a.info.Trust})
	return err
}

// rejectPadded hands in a rejection in an envelope with a mebibyte of spaces, which no signature covers.
func (a *attacker) rejectPadded() error {
	rec, err := receipt.Seal(a.verdict(receipt.Reject), a.key)
	if err != nil {
		return err
	}
	_, err = a.Approve(context.Background(), append(bytes.Repeat([]byte(" "), 1<<20), rec.Envelope...))
	return err
}
