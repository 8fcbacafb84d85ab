package plan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/internal/regular"
)

// Limits of a journal.
const (
	MaxJournalLine = 4 << 20   // bytes
	MaxJournal     = 256 << 20 // bytes
	journalName    = "journal.jsonl"
)

// Entry is one line of a journal.
type Entry struct {
	At        marketops.Time   `json:"at"`
	Kind      string           `json:"kind"`               // "stage", "blocked", "note", or what a caller appends
	Operation marketops.Digest `json:"operation,omitzero"` // zero where the line is about the whole run
	Value     jsontext.Value   `json:"value"`
}

// Journal is the append-only record of a run on this machine. One process at a time holds it.
// A line that Append has returned for survives a crash; a line that a crash tore was never
// acknowledged and is dropped. Its methods may be called from several goroutines.
type Journal struct {
	mu    sync.Mutex
	file  *os.File
	size  int64
	now   func() time.Time
	notes map[noteKey]string
	bad   error // the first failed write: what stands after it cannot be trusted to be whole
}

type noteKey struct {
	operation marketops.Digest
	key       string
}

type note struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// openJournal takes the journal for this process. [marketops.OperationInFlight] means that
// another process holds it.
func openJournal(root *os.Root, now func() time.Time) (*Journal, error) {
	if err := regular.IsFree(root, journalName); err != nil {
		return nil, broken(journalName, err)
	}
	f, fi, err := regular.OpenAs(root, journalName, os.O_RDWR|os.O_CREATE, nil)
	if err != nil {
		return nil, broken(journalName, err)
	}
	if err := regular.RequireOwner(filepath.Join(root.Name(), journalName), fi); err != nil {
		return nil, errors.Join(broken(journalName, err), f.Close())
	}
	j := &Journal{file: f, now: now, notes: map[noteKey]string{}}
	// A journal whose name a power cut takes back would have recorded nothing.
	err = durable.Sync(root, ".")
	if err != nil {
		err = broken(journalName, err)
	}
	if err := errors.Join(j.begin(), err); err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

func (j *Journal) begin() error {
	if err := durable.Lock(j.file); err != nil {
		return marketops.RefuseErr(marketops.OperationInFlight, "another process works on this run", err)
	}
	entries, whole, err := readJournal(j.file)
	if err != nil {
		return err
	}
	for _, e := range entries {
		var n note
		if e.Kind == "note" && canon.Decode(e.Value, MaxJournalLine, &n) == nil {
			j.notes[noteKey{e.Operation, n.Key}] = n.Value
		}
	}
	if err := j.file.Truncate(whole); err != nil {
		return broken(journalName, err)
	}
	j.size = whole
	return nil
}

// readJournal returns the entries and how many bytes they take; a last line without its end is
// left out.
func readJournal(f *os.File) ([]Entry, int64, error) {
	data, err := io.ReadAll(io.NewSectionReader(f, 0, MaxJournal+1))
	if err == nil && len(data) > MaxJournal {
		err = fmt.Errorf("longer than %d bytes", MaxJournal)
	}
	if err != nil {
		return nil, 0, broken(journalName, err)
	}
	whole := bytes.LastIndexByte(data, '\n') + 1
	var out []Entry
	for l := range bytes.Lines(data[:whole]) {
		var e Entry
		if err := canon.Decode(bytes.TrimSuffix(l, []byte("\n")), MaxJournalLine, &e); err != nil {
			return nil, 0, broken(fmt.Sprintf("%s line %d", journalName, len(out)+1), err)
		}
		out = append(out, e)
	}
	return out, int64(whole), nil
}

// Append writes one line about the whole run and waits until it is on disk.
func (j *Journal) Append(kind string, v any) error { return j.append(marketops.Digest{}, kind, v) }

func (j *Journal) append(op marketops.Digest, kind string, v any) error {
	value, err := canon.Encode(v)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	b, err := canon.Encode(Entry{marketops.TimeOf(j.now()), kind, op, value})
	if err != nil {
		return err
	}
	return j.write(append(b, '\n'))
}

// write appends at the known end, so that a failed write is overwritten by nobody: after one,
// the journal takes no more lines until it is opened again.
func (j *Journal) write(line []byte) error {
	if j.bad != nil {
		return j.bad
	}
	if len(line) > MaxJournalLine || j.size+int64(len(line)) > MaxJournal {
		return &marketops.Failure{Code: marketops.DiskFull, What: "the journal is full"}
	}
	_, err := j.file.WriteAt(line, j.size)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		j.bad = &marketops.Failure{Code: marketops.DiskFull, What: "the journal cannot be written", Err: err}
		return j.bad
	}
	j.size += int64(len(line))
	return nil
}

// Operation returns the journal of one operation, by its digest.
func (j *Journal) Operation(d marketops.Digest) *OperationJournal { return &OperationJournal{j, d} }

func (j *Journal) close() error { return durable.Unlock(j.file) }

// OperationJournal makes durable what is learned while one operation is carried out.
type OperationJournal struct {
	journal *Journal
	op      marketops.Digest
}

// Append writes one line about the operation and waits until it is on disk.
func (o *OperationJournal) Append(kind string, v any) error { return o.journal.append(o.op, kind, v) }

// Record remembers a value under a key; the last one counts. It is on disk when it returns nil.
func (o *OperationJournal) Record(key, value string) error {
	if err := o.Append("note", note{key, value}); err != nil {
		return err
	}
	o.journal.mu.Lock()
	defer o.journal.mu.Unlock()
	o.journal.notes[noteKey{o.op, key}] = value
	return nil
}

// Recall returns what was recorded, also by an earlier process on this run folder.
func (o *OperationJournal) Recall(key string) (string, bool) {
	o.journal.mu.Lock()
	defer o.journal.mu.Unlock()
	v, ok := o.journal.notes[noteKey{o.op, key}]
	return v, ok
}
