package audit

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/plan/document"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/lifecycle"
	"github.com/omega/marketops/verifier"
)

// inFolder finds documents in a folder by their digest, as files named by its hex digits, with or without
// ".json". The last one is at hand: it is asked for several times in a row.
type inFolder[T any] struct {
	folder *Folder
	parse  func([]byte) (*T, error)
	digest marketops.Digest
	last   *T
}

func (f *inFolder[T]) find(d marketops.Digest) *T {
	if f.digest != d {
		f.digest, f.last = d, f.read(d)
	}
	return f.last
}

func (f *inFolder[T]) read(d marketops.Digest) *T {
	for _, name := range []string{d.Hex() + ".json", d.Hex()} {
		b, err := f.folder.ReadFile(name)
		if err != nil || marketops.DigestOf(b) != d {
			continue
		}
		if found, err := f.parse(b); err == nil {
			return found
		}
	}
	return nil
}

// after returns what must come before an operation of a plan, if the plan was given.
func (a *audit) after(plan, operation marketops.Digest) []marketops.Digest {
	if a.options.Plan == nil {
		return nil
	}
	if p := a.options.Plan(plan); p != nil {
		return p.After(operation)
	}
	return nil
}

// checkDocuments reads every file of the folder of operation documents: a file that no receipt could
// ever find there would otherwise be passed over without a word.
func (a *audit) checkDocuments() {
	var n uint64
	err := a.options.Operations.eachName(func(name string) {
		if strings.HasSuffix(name, durable.Part) { // a crash of the Core left it
			return
		}
		n++
		if err := a.checkDocument(name); err != nil {
			a.fail(verifier.Check{Name: CheckDocuments, Subject: name, Code: marketops.OperationMismatch, Detail: err.Error()})
		}
	})
	if err != nil {
		a.failErr(CheckDocuments, "", marketops.RefuseErr(marketops.SourceUnreadable, "the folder of operation documents cannot be listed", err))
	}
	if !a.failed[CheckDocuments] {
		a.report.Pass(CheckDocuments, "", lifecycle.Count(n, "file")+", each under its digest")
	}
}

// checkDocument accepts an operation document, and a plan: the Core keeps both in one folder.
func (a *audit) checkDocument(name string) error {
	b, err := a.options.Operations.ReadFile(name)
	if err != nil {
		return err
	}
	if got := marketops.DigestOf(b); strings.TrimSuffix(name, ".json") != got.Hex() {
		return fmt.Errorf("the file is not named by its digest, %s", got)
	}
	if _, err = document.Parse(b); err != nil {
		_, err = marketops.ParseOperation(b)
	}
	return err
}

// noteDocument counts the receipts whose operation document or plan was not given.
func (a *audit) noteDocument(b receipt.Body) {
	r, ok := b.(*receipt.Receipt)
	if !ok {
		return
	}
	if a.options.Document == nil || a.options.Document(r.Operation) == nil {
		a.undocumented++
	}
	if a.options.Plan == nil || a.options.Plan(r.Plan) == nil {
		a.unplanned++
	}
}

// eachName hands over the names in the folder, in no order.
func (f *Folder) eachName(do func(name string)) error {
	dir, err := f.root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	for {
		names, err := dir.Readdirnames(1024)
		slices.Sort(names)
		for _, name := range names {
			do(name)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
