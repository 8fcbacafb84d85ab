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

// folderDocuments finds operation documents in a folder by their digest, as files named by its hex digits,
// with or without ".json". The last one is at hand: it is asked for several times in a row.
type folderDocuments struct {
	folder *Folder
	digest marketops.Digest
	last   *marketops.Operation
}

func (f *folderDocuments) find(d marketops.Digest) *marketops.Operation {
	if f.digest != d {
		f.digest, f.last = d, readDocument(f.folder, d)
	}
	return f.last
}

func readDocument(f *Folder, d marketops.Digest) *marketops.Operation {
	for _, name := range []string{d.Hex() + ".json", d.Hex()} {
		b, err := f.ReadFile(name)
		if err != nil || marketops.DigestOf(b) != d {
			continue
		}
		if op, err := marketops.ParseOperation(b); err == nil {
			return op
		}
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

// noteDocument counts the receipts whose operation document was not given.
func (a *audit) noteDocument(b receipt.Body) {
	if r, ok := b.(*receipt.Receipt); ok && (a.options.Document == nil || a.options.Document(r.Operation) == nil) {
		a.undocumented++
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
