// Package document is plan.json: what would be published and what would not. Package plan makes it; the
// Core and the offline verifier read it.
//
// It is canonical JSON (RFC 8785). Its digest is P, which submissions, approvals and receipts bind. It
// holds no time and nothing random, so the same inputs give the same bytes:
//
//	{"schema":"marketops.plan/v2","host":"github.com","mode":"dry_run",
//	 "operations":[{"number":1,"kind":"tag_repo","repository":"octo-org/gadgets","repository_id":7,
//	   "resource":"refs/tags/v0.3.1","operation":"sha256:…","blocked_by_mode":true},
//	  {"number":2,"kind":"publish_release","repository":"octo-org/widgets", …, "after":[1]}],
//	 "rejected":[{"number":2,"kind":"publish_release","repository":"octo-org/widgets",
//	   "code":"version-exists","reason":"…","remedy":"…","expected":"…","got":"…"}],
//	 "findings":[{"number":1,"rule":"drafts-not-visible","severity":"warning","text":"…"}]}
//
// Operations are numbered from 1 in plan order. An operation may be published once every operation that its
// after names has succeeded in the same run; these come before it in the plan. In rejected and findings, number counts the
// publications of marketops.yaml from 1; one publication may be rejected for several reasons.
// A plan says nothing about an operation that its document does not say: [Plan.Open] compares them.
package document

import (
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/receipt"
)

// Limits of a plan.
const (
	MaxPlan       = 8 << 20 // bytes of plan.json
	MaxRejections = 32      // reasons listed for one publication
	schema        = "marketops.plan/v2"
)

// Plan is what would be published, what would not, and what people should know.
type Plan struct {
	Schema     string         `json:"schema"`
	Title      string         `json:"title,omitzero"` // reserved
	Host       marketops.Host `json:"host"`
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
	After         []int            `json:"after,omitzero"`  // numbers of its prerequisites, rising, each below its own
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

// New returns a plan without operations.
func New(host marketops.Host) *Plan {
	return &Plan{Schema: schema, Host: host, Mode: marketops.DryRun, Operations: []Operation{}, Rejected: []Rejected{}, Findings: []Finding{}}
}

// Add appends the line of an operation whose document has this digest, and which comes after those numbers.
func (p *Plan) Add(op *marketops.Operation, d marketops.Digest, after ...int) {
	line := lineOf(len(p.Operations)+1, op, d)
	line.After = after
	p.Operations = append(p.Operations, line)
}

func lineOf(n int, op *marketops.Operation, d marketops.Digest) Operation {
	return Operation{Number: n, Kind: op.Kind, Repository: op.Target.FullName, RepositoryID: op.Target.RepositoryID,
		Resource: op.Resource(), Operation: d, BlockedByMode: true}
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

// Refs names the operations of the plan, as people sign them.
func (p *Plan) Refs() (out []receipt.OperationRef) {
	for _, o := range p.Operations {
		target := marketops.Target{Type: "github", Host: p.Host, RepositoryID: o.RepositoryID, FullName: o.Repository}
		out = append(out, receipt.OperationRef{Operation: o.Operation, Kind: o.Kind, Target: target})
	}
	return out
}

// Open parses the documents of the plan, in its order, and compares each with its line. The code is [marketops.PlanMismatch].
func (p *Plan) Open(documents [][]byte) ([]marketops.Operation, error) {
	if len(documents) != len(p.Operations) {
		return nil, mismatch(fmt.Sprintf("the plan has %d operations and there are %d documents", len(p.Operations), len(documents)), nil)
	}
	ops := make([]marketops.Operation, 0, len(documents))
	for i, doc := range documents {
		op, err := marketops.ParseOperation(doc)
		if err != nil {
			return nil, mismatch(fmt.Sprintf("operation %d", i+1), err)
		}
		if err := p.Compare(i+1, op, marketops.DigestOf(doc)); err != nil {
			return nil, err
		}
		ops = append(ops, *op)
	}
	return ops, nil
}

// Compare refuses an operation whose document has this digest unless the plan's line of this number, from
// 1, is about it. The code is [marketops.PlanMismatch].
func (p *Plan) Compare(number int, op *marketops.Operation, d marketops.Digest) error {
	if line := p.Operations[number-1]; op.Target.Host != p.Host || !sameLine(line, lineOf(number, op, d)) {
		return mismatch(fmt.Sprintf("operation %d is not the document that the plan names", number), nil)
	}
	if op.Tag == nil || op.Tag.Existing == nil || op.Tag.Existing.After.IsZero() {
		return nil
	}
	if !slices.Contains(p.After(d), op.Tag.Existing.After) {
		return mismatch(fmt.Sprintf("operation %d does not come after the operation that makes its tag", number), nil)
	}
	return nil
}

func sameLine(a, b Operation) bool {
	a.After, b.After = nil, nil
	return fmt.Sprintf("%+v", a) == fmt.Sprintf("%+v", b)
}

func (p *Plan) validate() error {
	if _, err := marketops.ParseHost(string(p.Host)); err != nil || p.Schema != schema || p.Mode != marketops.DryRun {
		return fmt.Errorf("schema %.40q, mode %.20q or host is not a plan's", p.Schema, p.Mode)
	}
	if p.Title != "" {
		return fmt.Errorf("a title is reserved and not supported yet")
	}
	if len(p.Operations) > marketops.MaxOperations || len(p.Rejected) > marketops.MaxOperations*MaxRejections || len(p.Findings) > MaxPlan/64 {
		return fmt.Errorf("more than %d operations, or too many rejections", marketops.MaxOperations)
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
	for i, o := range p.Operations {
		if o.Number != i+1 || !o.BlockedByMode || o.Operation.IsZero() || o.RepositoryID <= 0 || o.Resource == "" {
			return fmt.Errorf("operation %d is out of order, not blocked by mode, or not complete", i+1)
		}
		if err := o.validateAfter(len(p.Operations)); err != nil {
			return err
		}
	}
	return p.validateResources()
}

func mismatch(what string, err error) error {
	return marketops.RefuseErr(marketops.PlanMismatch, what, err)
}
