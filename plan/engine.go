package plan

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/plan/document"
)

// Options are what a dry run works with. Everything but Core is needed; nothing has a default.
type Options struct {
	Publications []Publication
	Core         string // address of the Core, as marketops.yaml names it; "" where it does not

	Dir        string         // the folder of marketops.yaml; no file outside it is read
	Host       marketops.Host // of the GitHub that marketops.yaml names
	SourceHost marketops.Host // of the GitHub that Source reads: the same
	Source     Source

	Preview func(marketops.Operation) []marketops.Call // pure
	Advisor crypto.Signer                              // the engine's advisory key
	Now     func() time.Time
	Random  io.Reader
	Run     marketops.RunID // of the new run: [NewRunID]
	Out     string          // its folder, which must not exist or be empty

	AllowPartial bool // a plan that leaves publications out is one
}

// NewRunID draws a run id of 128 random bits.
func NewRunID(random io.Reader) (marketops.RunID, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", err
	}
	return marketops.NewRunID(b), nil
}

func (o Options) check() error {
	switch {
	case o.Source == nil, o.Preview == nil, o.Advisor == nil, o.Now == nil, o.Random == nil:
		return marketops.Refuse(marketops.ConfigInvalid, "a dry run lacks something that it works with")
	case o.Host == "" || o.Host != o.SourceHost:
		return marketops.Refuse(marketops.ConfigInvalid, fmt.Sprintf("the source reads %q and marketops.yaml names %q", o.SourceHost, o.Host))
	case !o.Run.Valid() || o.Out == "" || o.Dir == "":
		return marketops.Refuse(marketops.ConfigInvalid, "a dry run needs a run id and folders")
	case len(o.Publications) > marketops.MaxOperations:
		return marketops.Refuse(marketops.ConfigInvalid, fmt.Sprintf("%d publications, at most %d", len(o.Publications), marketops.MaxOperations))
	}
	if err := CheckOrder(o.Publications); err != nil {
		return marketops.RefuseErr(marketops.ConfigInvalid, "", err)
	}
	return nil
}

// engine is one dry run. It holds no executor and no client that can write.
type engine struct {
	o          Options
	root       *os.Root // the folder of marketops.yaml
	run        *Run
	journal    *Journal
	candidates []*candidate
	plan       *document.Plan
	documents  [][]byte
	calls      [][]marketops.Call // that each operation would make
}

// DryRun plans a run and writes its folder; nothing is sent. The returned run is open and must
// be closed. If nothing was selected the error is [marketops.NothingSelected], and if a part was rejected and that is not
// allowed [marketops.PlanPartial]; the run is returned beside both, for its plan lists every reason, and is to be
// discarded. Any other error comes without a run.
func DryRun(ctx context.Context, o Options) (*Run, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	e := &engine{o: o}
	if err := e.open(); err != nil {
		return nil, err
	}
	defer e.root.Close()
	err := walk(ctx, e.journal, marketops.DryRun, []step{
		{Discover, e.discover}, {Select, e.choose}, {Verify, e.verify}, {Evaluate, e.evaluate},
		{PlanStage, e.write}, {Execute, e.execute}, {Seal, e.seal},
	})
	if err == nil {
		err = e.reopen()
	}
	if err != nil {
		e.run.Close()
		return nil, err
	}
	return e.run, e.complete()
}

// complete refuses a plan that leaves out what marketops.yaml names.
func (e *engine) complete() error {
	planned, all := len(e.run.Operations), len(e.candidates)
	switch {
	case all == 0:
		return marketops.Refuse(marketops.NothingSelected, "marketops.yaml has no publications")
	case planned == 0:
		return marketops.Refuse(marketops.NothingSelected, fmt.Sprintf("all publications (%d) were rejected", all))
	case planned < all && !e.o.AllowPartial:
		return marketops.Refuse(marketops.PlanPartial, fmt.Sprintf("%d of %d publications were rejected", all-planned, all))
	}
	return nil
}

// open opens the configuration's folder, makes the run's, and begins its journal.
func (e *engine) open() error {
	dir, err := filepath.Abs(e.o.Dir)
	if err != nil {
		return broken(e.o.Dir, err)
	}
	if e.root, err = os.OpenRoot(dir); err != nil {
		return marketops.RefuseErr(marketops.SourceUnreadable, "the folder of marketops.yaml", err)
	}
	if e.run, err = create(e.o.Out); err == nil {
		e.run.Info = Info{schemaRun, e.o.Run, marketops.TimeOf(e.o.Now()), e.o.Core}
		e.run.Sources = Sources{schemaSources, dir, []Files{}}
		err = e.run.putJSON("run.json", e.run.Info)
	}
	if err == nil {
		e.journal, err = e.run.Journal(e.o.Now)
	}
	if err != nil {
		e.root.Close()
		if e.run != nil {
			e.run.Close()
		}
	}
	return err
}

// create makes a folder for a new run; one that holds anything is left alone.
func create(dir string) (*Run, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, broken(dir, err)
	}
	before, err := os.OpenRoot(abs)
	if err == nil {
		before.Close()
	}
	root, err := durable.Folder(abs)
	if err != nil {
		return nil, &marketops.Failure{Code: marketops.DiskFull, What: "the run folder cannot be made", Err: err}
	}
	r := &Run{Dir: abs, root: root, wasThere: before != nil}
	f, err := root.Open(".")
	if err == nil {
		var names []string
		if names, _ = f.Readdirnames(1); len(names) > 0 {
			err = marketops.Refuse(marketops.ConfigInvalid, fmt.Sprintf("the folder %q is not empty: name a new one for the run", dir))
		}
		f.Close()
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// reopen reads the folder back as everybody else will, so that a run that was returned is one
// that can be opened.
func (e *engine) reopen() error {
	again, err := Open(e.run.Dir)
	if err != nil {
		return err
	}
	again.wasThere = e.run.wasThere
	e.run.Close()
	e.run = again
	return nil
}

// tally says in words how many publications are still planned.
func (e *engine) tally() string {
	n := 0
	for _, c := range e.candidates {
		if c.isPlanned() {
			n++
		}
	}
	return fmt.Sprintf("%d of %d publications are not rejected", n, len(e.candidates))
}
