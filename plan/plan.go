// Package plan is the engine: it says what would be published and why the rest would not,
// and it keeps the folder in which a run lives.
//
// # Stages
//
// Dry run and publication walk the same seven stages, each a line in the run's journal:
//
//	discover   the publications of marketops.yaml and their repositories
//	select     the commit, which must lie on the allowed branch; the version, which must not exist
//	verify     texts and files: names, kinds of file, secrets, sizes, SHA-256
//	evaluate   rules over all publications of the run together
//	plan       the operation documents and plan.json
//	execute    dry run: blocked, the planned calls are recorded; prod: the injected [Executor]
//	seal       the folder is complete, or the run has ended
//
// [DryRun] has nothing that could write to GitHub: its [Source] only reads, and this package
// imports no network. [Resume] repeats the stages over a frozen folder and then hands it to an
// [Executor], which asks the gate.
//
// # Plan
//
// plan.json is canonical JSON (RFC 8785). Its digest is P, which submissions, approvals and
// receipts bind. It holds no time and nothing random, so the same inputs give the same bytes:
//
//	{"schema":"marketops.plan/v1","host":"github.com","mode":"dry_run",
//	 "operations":[{"number":1,"kind":"tag_repo","repository":"octo-org/gadgets","repository_id":7,
//	   "resource":"refs/tags/v0.3.1","operation":"sha256:…","blocked_by_mode":true,
//	   "calls":[{"method":"POST","path":"…","why":"…"}]}],
//	 "rejected":[{"number":2,"kind":"publish_release","repository":"octo-org/widgets",
//	   "code":"version-exists","reason":"…","remedy":"…","expected":"…","got":"…"}],
//	 "findings":[{"number":1,"rule":"drafts-not-visible","severity":"warning","text":"…"}]}
//
// Operations are numbered from 1 in plan order. In rejected and findings, number counts the
// publications of marketops.yaml from 1; one publication may be rejected for several reasons.
// Nobody acts on a plan alone: it names operation documents by digest, and [Fits] compares.
//
// # Run folder
//
//	run.json            {schema marketops.run/v1, run_id, created_at, core}
//	plan.json           the plan
//	operations/1.json   canonical operation documents, in plan order
//	sources.json        {schema marketops.sources/v1, root, operations}: where the files lie
//	advisory/1.json     what the engine signs: would be done, is blocked; authorises nothing
//	journal.jsonl       stages, notes and calls; each line is fsynced before it counts
//	evidence/           texts named by salted digests
//
// Later steps add submission.json, approvals/, receipts/ and outbox/ with [Run.Put]. Whatever is
// read in the folder is a regular file reached through no symbolic link.
package plan

import (
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/canon"
)

// Limits of a plan.
const (
	MaxPlan       = 8 << 20 // bytes of plan.json
	MaxOperations = 1000    // and publications; as many as a submission can name
	MaxRejections = 32      // reasons listed for one publication
	schemaPlan    = "marketops.plan/v1"
)

// Plan is what would be published, what would not, and what people should know.
type Plan struct {
	Schema     string         `json:"schema"`
	Host       string         `json:"host"`
	Mode       marketops.Mode `json:"mode"` // always dry_run: a plan does nothing
	Operations []Operation    `json:"operations"`
	Rejected   []Rejected     `json:"rejected"`
	Findings   []Finding      `json:"findings"`
}

// Operation is one line of the plan about one operation document.
type Operation struct {
	Number        int              `json:"number"` // from 1
	Kind          marketops.Kind   `json:"kind"`
	Repository    string           `json:"repository"`
	RepositoryID  int64            `json:"repository_id"`
	Resource      string           `json:"resource"` // [marketops.Operation.Resource]
	Operation     marketops.Digest `json:"operation"`
	BlockedByMode bool             `json:"blocked_by_mode"` // always true
	Calls         []marketops.Call `json:"calls"`           // that would be made
}

// Rejected is one reason why one publication would not ship.
type Rejected struct {
	Number     int            `json:"number"` // of the publication in marketops.yaml, from 1
	Kind       marketops.Kind `json:"kind"`
	Repository string         `json:"repository"`
	Code       marketops.Code `json:"code"` // of the group "plan"
	Reason     string         `json:"reason"`
	Remedy     string         `json:"remedy"`
	Expected   string         `json:"expected"` // "" where nothing was compared
	Got        string         `json:"got"`
}

// Severity says how much a finding matters. Neither stops a publication.
type Severity string

// The severities.
const (
	Note    Severity = "note"
	Warning Severity = "warning"
)

// Finding is something that people should know before they approve.
type Finding struct {
	Number   int      `json:"number"` // of the publication in marketops.yaml, from 1
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	Text     string   `json:"text"`
}

// Parse reads a plan.json strictly. The code of every error is [marketops.PlanMismatch].
// A plan without operations is a plan, though nobody can submit it.
func Parse(data []byte) (*Plan, error) {
	var p Plan
	if err := canon.Decode(data, MaxPlan, &p); err != nil {
		return nil, mismatch("plan.json cannot be read", err)
	}
	if err := p.validate(); err != nil {
		return nil, mismatch("plan.json is not valid", err)
	}
	return &p, nil
}

// Encode returns the canonical bytes, at most [MaxPlan]; it fails where [Parse] would.
func (p *Plan) Encode() ([]byte, error) {
	if err := p.validate(); err != nil {
		return nil, mismatch("the plan is not valid", err)
	}
	b, err := canon.Encode(p)
	if err != nil || len(b) > MaxPlan {
		return nil, mismatch(fmt.Sprintf("the plan has %d bytes, at most %d", len(b), MaxPlan), err)
	}
	return b, nil
}

// Digest returns P, the SHA-256 of the canonical bytes.
func (p *Plan) Digest() (marketops.Digest, error) {
	b, err := p.Encode()
	if err != nil {
		return marketops.Digest{}, err
	}
	return marketops.DigestOf(b), nil
}

func (p *Plan) validate() error {
	if p.Schema != schemaPlan || p.Mode != marketops.DryRun || p.Host == "" {
		return fmt.Errorf("schema %.40q, mode %.20q or host is not a plan's", p.Schema, p.Mode)
	}
	if len(p.Operations) > MaxOperations || len(p.Rejected) > MaxOperations*MaxRejections || len(p.Findings) > MaxPlan/64 {
		return fmt.Errorf("more than %d operations, or too many rejections", MaxOperations)
	}
	if err := p.validateOperations(); err != nil {
		return err
	}
	for _, r := range p.Rejected {
		if info, ok := r.Code.Info(); !ok || info.Group != "plan" || r.Number < 1 || r.Reason == "" || r.Remedy == "" {
			return fmt.Errorf("the rejection of publication %d lacks a plan code, reason or remedy", r.Number)
		}
	}
	for _, f := range p.Findings {
		if f.Rule == "" || f.Text == "" || f.Number < 1 || !slices.Contains([]Severity{Note, Warning}, f.Severity) {
			return fmt.Errorf("finding %.40q about publication %d is not complete", f.Rule, f.Number)
		}
	}
	return nil
}

func (p *Plan) validateOperations() error {
	type place struct {
		repository int64
		resource   string
	}
	taken := map[place]bool{}
	for i, o := range p.Operations {
		at := place{o.RepositoryID, o.Resource}
		if o.Number != i+1 || !o.BlockedByMode || o.Operation.IsZero() || o.RepositoryID <= 0 || o.Resource == "" {
			return fmt.Errorf("operation %d is out of order, not blocked by mode, or not complete", i+1)
		}
		if taken[at] {
			return fmt.Errorf("operations take %.200q of repository %d twice", o.Resource, o.RepositoryID)
		}
		taken[at] = true
	}
	return nil
}

// Fits reports whether these are the documents of the plan, in its order, each valid by itself
// and in the place that the plan gives it. A plan without operations fits nothing. The code is
// [marketops.PlanMismatch].
func Fits(p *Plan, documents [][]byte) error {
	if len(p.Operations) == 0 {
		return marketops.Refuse(marketops.PlanMismatch, "the plan has no operations")
	}
	_, err := operationsOf(p, documents)
	return err
}

// operationsOf parses the documents and compares each with its line of the plan.
func operationsOf(p *Plan, documents [][]byte) ([]marketops.Operation, error) {
	if err := p.validate(); err != nil {
		return nil, mismatch("the plan is not valid", err)
	}
	if len(documents) != len(p.Operations) {
		return nil, mismatch(fmt.Sprintf("the plan has %d operations and there are %d documents", len(p.Operations), len(documents)), nil)
	}
	ops := make([]marketops.Operation, 0, len(documents))
	for i, doc := range documents {
		op, err := marketops.ParseOperation(doc)
		if err != nil {
			return nil, mismatch(fmt.Sprintf("operation %d", i+1), err)
		}
		want, calls := p.Operations[i], p.Operations[i].Calls
		got := line(i+1, *op, marketops.DigestOf(doc), calls)
		if op.Target.Host != p.Host || !sameLine(want, got) {
			return nil, mismatch(fmt.Sprintf("operation %d is not the document that the plan names", i+1), nil)
		}
		ops = append(ops, *op)
	}
	return ops, nil
}

func line(n int, op marketops.Operation, d marketops.Digest, calls []marketops.Call) Operation {
	return Operation{
		Number: n, Kind: op.Kind, Repository: op.Target.FullName, RepositoryID: op.Target.RepositoryID,
		Resource: op.Resource(), Operation: d, BlockedByMode: true, Calls: calls,
	}
}

func sameLine(a, b Operation) bool {
	return a.Number == b.Number && a.Kind == b.Kind && a.Repository == b.Repository &&
		a.RepositoryID == b.RepositoryID && a.Resource == b.Resource && a.Operation == b.Operation
}

func mismatch(what string, err error) error {
	return marketops.RefuseErr(marketops.PlanMismatch, what, err)
}
