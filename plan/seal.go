package plan

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/plan/document"
	"github.com/omega/marketops/receipt"
)

// blockedText is what an advisory's why_not names: why nothing was done.
const blockedText = "mode dry_run: execute is blocked by mode; nothing was sent\n"

// write freezes the operation documents and the plan. Order and content come from
// marketops.yaml and what it names, never from a map, a clock or chance.
func (e *engine) write(context.Context) (string, error) {
	p := document.New(e.o.Host)
	e.plan = p
	for _, c := range e.candidates {
		p.Rejected, p.Findings = append(p.Rejected, c.rejected...), append(p.Findings, c.findings...)
	}
	order, err := e.sorted()
	if err != nil {
		return "", err
	}
	for _, c := range order {
		if c.isPlanned() {
			if err := e.add(c); err != nil {
				return "", err
			}
		}
	}
	data, err := p.Encode()
	if err != nil {
		return "", err
	}
	if err := e.run.Put("plan.json", data); err != nil {
		return "", err
	}
	e.run.PlanDigest = marketops.DigestOf(data)
	return fmt.Sprintf("%s: %d operations, %d reasons why not", e.run.PlanDigest, len(p.Operations), len(p.Rejected)), nil
}

func (e *engine) add(c *candidate) error {
	doc, err := c.op.Document()
	if err != nil {
		return err
	}
	n := len(e.plan.Operations) + 1
	e.plan.Add(&c.op, marketops.DigestOf(doc), c.numbersAfter()...)
	c.line = n
	for _, id := range slices.Sorted(maps.Keys(c.objects)) {
		if err := e.run.Put(objectName(id), c.objects[id]); err != nil {
			return err
		}
	}
	e.documents, e.calls = append(e.documents, doc), append(e.calls, append([]marketops.Call{}, e.o.Preview(c.op)...))
	e.run.Sources.Operations = append(e.run.Sources.Operations, Files{n, append([]File{}, c.files...)})
	return e.run.Put(fmt.Sprintf("operations/%d.json", n), doc)
}

// execute carries nothing out: it records what would have been called.
func (e *engine) execute(context.Context) (string, error) {
	for i, o := range e.plan.Operations {
		if err := e.journal.Operation(o.Operation).Append("blocked", BlockedEntry{o.BlockedByMode, e.calls[i]}); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d operations are blocked by mode; nothing was sent", len(e.plan.Operations)), nil
}

// seal completes the folder: where the files lie, and what the engine says about each operation.
func (e *engine) seal(context.Context) (string, error) {
	if err := e.run.putJSON("sources.json", e.run.Sources); err != nil {
		return "", err
	}
	for i, doc := range e.documents {
		if err := e.advise(i+1, doc); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("run %s is sealed with %d advisories", e.run.Info.RunID, len(e.documents)), nil
}

// advise signs what would be done. It is another record than a receipt, so nothing that is
// added to it could make it one.
func (e *engine) advise(n int, doc []byte) error {
	op, err := marketops.ParseOperation(doc)
	if err != nil {
		return err
	}
	head, err := receipt.NewHeader(e.o.Random, marketops.TimeOf(e.o.Now()))
	if err != nil {
		return err
	}
	var id [16]byte
	if _, err := io.ReadFull(e.o.Random, id[:]); err != nil {
		return err
	}
	whyNot := head.Salted([]byte(blockedText))
	rec, err := receipt.Seal(&receipt.Advisory{
		Header: head, ReceiptID: marketops.NewReceiptID(id), RunID: e.run.Info.RunID,
		OperationKind: op.Kind, Operation: marketops.DigestOf(doc), Plan: e.run.PlanDigest, Target: op.Target,
		Mode: marketops.DryRun, Decision: "blocked_by_mode", Codes: []marketops.Code{}, WhyNot: whyNot,
	}, e.o.Advisor)
	if err != nil {
		return err
	}
	if err := e.run.Put("evidence/"+whyNot.Hex(), []byte(blockedText)); err != nil {
		return err
	}
	return e.run.Put(fmt.Sprintf("advisory/%d.json", n), rec.Envelope)
}

func (r *Run) putJSON(name string, v any) error {
	data, err := canon.Encode(v)
	if err != nil {
		return err
	}
	return r.Put(name, data)
}
