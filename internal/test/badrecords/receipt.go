package main

import (
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/crypto/signer"
	"github.com/omega/marketops/receipt"
)

// options say what a forged receipt claims; what is not given stays as it was.
type options struct {
	key, run, kind, mode, audience string
	operation                      int
	age, life                      time.Duration
	enforceable, approved, fresh   bool
}

func (o *options) parse(name string, args []string) (from, to string, err error) {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.StringVar(&o.key, "key", "", "sign with this key")
	f.StringVar(&o.run, "run", "", "bind it to the run in this folder")
	f.IntVar(&o.operation, "operation", 0, "and to this operation of it")
	f.StringVar(&o.kind, "kind", "", "name this kind of operation")
	f.StringVar(&o.mode, "mode", "", "name this mode")
	f.StringVar(&o.audience, "audience", "", "name the publisher of this public key")
	f.DurationVar(&o.age, "age", 0, "issue it so long ago")
	f.DurationVar(&o.life, "life", 0, "let it live so long")
	f.BoolVar(&o.enforceable, "enforceable", true, "what it says of itself")
	f.BoolVar(&o.approved, "approved", true, "name approvals")
	f.BoolVar(&o.fresh, "fresh", true, "take a receipt id and a nonce of its own")
	if len(args) < 2 {
		return "", "", errors.New("FROM and OUT are needed")
	}
	return args[0], args[1], f.Parse(args[2:])
}

func makeReceipt(args []string) error {
	var o options
	from, to, err := o.parse("receipt", args)
	if err != nil {
		return err
	}
	st, err := readStatement(from)
	if err != nil {
		return err
	}
	r := new(receipt.Receipt)
	if err := json.Unmarshal(st.Predicate, r, json.RejectUnknownMembers(true)); err != nil {
		return fmt.Errorf("%s is no receipt: %w", from, err)
	}
	if err := o.change(r, &st); err != nil {
		return err
	}
	by, err := loadKey(o.key)
	if err != nil {
		return err
	}
	rec, err := receipt.Seal(r, by, st.Subject[1:]...)
	if err != nil {
		return err
	}
	return os.WriteFile(to, rec.Envelope, 0o644)
}

func (o *options) change(r *receipt.Receipt, st *statement) (err error) {
	if o.fresh {
		if err := renew(r); err != nil {
			return err
		}
	}
	if o.run != "" {
		if err := o.bind(r, st); err != nil {
			return err
		}
	}
	if o.kind != "" {
		r.OperationKind = marketops.Kind(o.kind)
	}
	if o.mode != "" {
		r.Mode = marketops.Mode(o.mode)
	}
	if o.audience != "" {
		k, err := signer.LoadPublic(o.audience)
		if err != nil {
			return err
		}
		r.Audience = []crypto.KeyID{k.ID()}
	}
	if !o.approved {
		r.Approvals = []marketops.Digest{}
	}
	r.Enforceable = o.enforceable
	o.date(r)
	return nil
}

// date issues the receipt now, or so long ago; it keeps its lifetime unless another is given.
func (o *options) date(r *receipt.Receipt) {
	if o.age == 0 && o.life == 0 {
		return
	}
	life := r.ExpiresAt - r.IssuedAt
	if o.life != 0 {
		life = marketops.Time(o.life / time.Second)
	}
	if o.age != 0 {
		r.IssuedAt = marketops.TimeOf(time.Now().Add(-o.age))
	}
	r.NotBefore, r.ExpiresAt = r.IssuedAt, r.IssuedAt+life
}

func renew(r *receipt.Receipt) error {
	head, err := receipt.NewHeader(rand.Reader, r.IssuedAt)
	if err != nil {
		return err
	}
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		return err
	}
	r.Header, r.ReceiptID = head, marketops.NewReceiptID(id)
	return nil
}

// bind makes it a receipt for another run: for its plan and submission where it was submitted,
// and for one of its operations where one is named.
func (o *options) bind(r *receipt.Receipt, st *statement) error {
	var info struct {
		RunID marketops.RunID `json:"run_id"`
	}
	b, err := os.ReadFile(filepath.Join(o.run, "run.json"))
	if err := errors.Join(err, json.Unmarshal(b, &info)); err != nil {
		return err
	}
	r.RunID = info.RunID
	if b, err := os.ReadFile(filepath.Join(o.run, "plan.json")); err == nil {
		r.Plan = marketops.DigestOf(b)
	}
	if b, err := os.ReadFile(filepath.Join(o.run, "submission.json")); err == nil {
		r.Submission = receipt.NameUnverified(b)
	}
	if o.operation == 0 {
		return nil
	}
	b, err = os.ReadFile(filepath.Join(o.run, "operations", fmt.Sprintf("%d.json", o.operation)))
	if err != nil {
		return err
	}
	op, err := marketops.ParseOperation(b)
	if err != nil {
		return err
	}
	r.Operation, r.OperationKind, r.Target = marketops.DigestOf(b), op.Kind, op.Target
	st.Subject = slices.Concat(st.Subject[:1], receipt.Files(op))
	return nil
}
