package plan

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/plan/document"
)

// Limits of a run folder.
const (
	maxInfo    = 4 << 10  // bytes of run.json
	maxSources = 16 << 20 // bytes of sources.json
	maxListed  = 10_000   // files of one subfolder
	schemaRun  = "marketops.run/v1"
)

// Info is run.json: what stands beside the plan because it differs from run to run.
type Info struct {
	Schema    string          `json:"schema"`
	RunID     marketops.RunID `json:"run_id"`
	CreatedAt marketops.Time  `json:"created_at"`
	Core      string          `json:"core"` // the address in marketops.yaml; "" where it says none
}

// Run is an open run folder. What is in its fields was read once, strictly, and fits together;
// files of later steps are read and written with [Run.Get] and [Run.Put]. Close it.
type Run struct {
	Dir        string // absolute
	Info       Info
	Plan       *document.Plan
	PlanBytes  []byte
	PlanDigest marketops.Digest // P
	Documents  [][]byte         // one per operation, in plan order
	Operations []marketops.Operation
	Sources    Sources

	root    *os.Root
	mu      sync.Mutex // held while journal and content are opened
	journal *Journal
	content map[int][]*Content
	spool   spool
	assets  string

	wasThere bool // the folder itself was not made for the run
}

// Open reads a run folder. Codes: [marketops.StateMissing] if it is not one, or was never
// sealed; [marketops.PlanMismatch] if its parts do not fit together. A plan without operations
// opens, so that its rejections can be shown.
func Open(dir string) (*Run, error) {
	root, abs, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	r := &Run{Dir: abs, root: root}
	if err := r.load(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Identify reads what a folder that [Open] refused says that it is: its run.json, and the digest of its
// plan.json. Each is zero if it cannot be read, and neither was checked against anything.
func Identify(dir string) (info Info, plan marketops.Digest) {
	root, _, err := openFolder(dir)
	if err != nil {
		return Info{}, marketops.Digest{}
	}
	defer root.Close()
	r := &Run{root: root}
	if r.read("run.json", maxInfo, &info) != nil || !info.RunID.Valid() {
		info = Info{}
	}
	if data, err := r.Get("plan.json", document.MaxPlan); err == nil {
		plan = marketops.DigestOf(data)
	}
	return info, plan
}

func openFolder(dir string) (*os.Root, string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, "", broken(dir, err)
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		return nil, "", broken(dir, err)
	}
	return root, abs, nil
}

func (r *Run) load() error {
	if err := r.read("run.json", maxInfo, &r.Info); err != nil {
		return err
	}
	if r.Info.Schema != schemaRun || !r.Info.RunID.Valid() || r.Info.CreatedAt <= 0 {
		return mismatch("run.json is not valid", nil)
	}
	var err error
	if r.PlanBytes, err = r.Get("plan.json", document.MaxPlan); err != nil {
		return err
	}
	if r.Plan, err = document.Parse(r.PlanBytes); err != nil {
		return err
	}
	r.PlanDigest = marketops.DigestOf(r.PlanBytes)
	for i := range r.Plan.Operations {
		doc, err := r.Get(fmt.Sprintf("operations/%d.json", i+1), marketops.MaxOperation)
		if err != nil {
			return err
		}
		r.Documents = append(r.Documents, doc)
	}
	if r.Operations, err = r.Plan.Open(r.Documents); err != nil {
		return err
	}
	if err := r.read("sources.json", maxSources, &r.Sources); err != nil {
		return err
	}
	return r.Sources.validate(r.Operations)
}

func (r *Run) read(name string, limit int, v any) error {
	data, err := r.Get(name, limit)
	if err != nil {
		return err
	}
	if err := canon.Decode(data, limit, v); err != nil {
		return mismatch(name+" cannot be read", err)
	}
	return nil
}

// Get reads a file of the folder, slash-separated, of at most limit bytes. A file that is not
// there is [marketops.StateMissing] and [fs.ErrNotExist]; a link, a device or a longer one is [marketops.FileUnsafe].
func (r *Run) Get(name string, limit int) ([]byte, error) {
	data, err := regular.Read(r.root, name, int64(limit))
	if err != nil {
		return nil, broken(name, err)
	}
	return data, nil
}

// Put writes a file of the folder whole or not at all, with mode 0600, and waits until it is on
// disk. Subfolders are made. What it replaces must be a regular file.
func (r *Run) Put(name string, data []byte) error {
	err := regular.Write(r.root, name, data)
	if errors.Is(err, marketops.FileUnsafe) {
		return broken(name, err)
	}
	if err != nil {
		return &marketops.Failure{Code: marketops.DiskFull, What: name + " cannot be written", Err: err}
	}
	return nil
}

// List returns the names of the regular files in a subfolder, sorted; none if it is not there.
func (r *Run) List(dir string) ([]string, error) {
	list, err := regular.Entries(r.root, dir, maxListed)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, broken(dir, err)
	}
	var names []string
	for _, d := range list {
		if d.Type().IsRegular() && path.Ext(d.Name()) != durable.Part {
			names = append(names, d.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// Journal opens the journal for writing, once per Run; now dates its lines. The code is
// [marketops.OperationInFlight] while another process holds it.
func (r *Run) Journal(now func() time.Time) (*Journal, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.journal != nil {
		return r.journal, nil
	}
	j, err := openJournal(r.root, now)
	if err != nil {
		return nil, err
	}
	r.journal = j
	return j, nil
}

// Entries reads the journal as it stands, also while another process writes it.
func (r *Run) Entries() ([]Entry, error) {
	f, _, err := regular.Open(r.root, journalName)
	if err != nil {
		return nil, broken(journalName, err)
	}
	defer f.Close()
	entries, _, err := readJournal(f)
	return entries, err
}

// Discard closes a run that was just planned and removes what planning wrote, and the folder if planning made it.
func (r *Run) Discard() error {
	err := r.Close()
	parent, perr := os.OpenRoot(filepath.Dir(r.Dir))
	if err = errors.Join(err, perr); perr == nil {
		name := filepath.Base(r.Dir)
		for _, written := range []string{"plan.json", "sources.json", "operations", "objects", "advisory", "evidence", journalName, "run.json"} {
			err = errors.Join(err, parent.RemoveAll(path.Join(name, written)))
		}
		if !r.wasThere {
			err = errors.Join(err, parent.Remove(name))
		}
		err = errors.Join(err, parent.Close())
	}
	if err != nil {
		return &marketops.Failure{Code: marketops.DiskFull, What: "the folder of the refused plan cannot be removed", Err: err}
	}
	return nil
}

// Close lets go of the folder, the journal and every opened content.
func (r *Run) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	errs := []error{r.spool.close(r.root)}
	if r.journal != nil {
		errs = append(errs, r.journal.close())
		r.journal = nil
	}
	return errors.Join(append(errs, r.root.Close())...)
}

// broken says that something of a run folder is not there or cannot be used.
func broken(name string, err error) error {
	return marketops.RefuseErr(regular.CodeOf(err, marketops.StateMissing), name, err)
}
