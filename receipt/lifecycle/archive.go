package lifecycle

import (
	"cmp"
	"encoding/binary"
	"errors"
	"maps"
	"slices"

	"github.com/omega/marketops"
)

// A book of a whole log forgets runs that nobody has spoken of for a while. Of each it keeps where
// its records stand, and under which names somebody may speak of it again. If that happens the
// records are read and verified again and taken in their order, which makes the run what it was.
//
// What a record changes must then depend on records of its own run alone. A run that another one
// touched, which no honest log has, is never forgotten.
type archive struct {
	names      table
	at         []uint64        // by the number of a run: where its text begins
	text       []byte          // for each run: how many records, the first index, then the distances, as uvarints
	hot        map[uint32]bool // runs that were forgotten and are at hand again
	unfinished map[uint32]bool // runs with an intent without outcome, or an unknown outcome
	added      uint64          // records taken
	reread     uint64          // records taken once more
}

const (
	restless = 4096 // records of runs that a book keeps at hand
	patience = 4    // records read again for each one taken, before a book forgets no more
)

// forget archives what has not been spoken of for longest, down to half, once there is too much.
func (b *Tracker) forget() {
	if b.rules.Reread == nil || b.weight <= b.limit || b.reread > patience*(b.added+restless) {
		return
	}
	runs := make([]*run, 0, len(b.runs))
	for _, r := range b.runs {
		runs = append(runs, r)
	}
	slices.SortFunc(runs, func(x, y *run) int { return cmp.Compare(x.spoken, y.spoken) })
	for _, r := range runs {
		if b.weight <= b.rules.Keep/2 {
			break
		}
		b.put(r)
	}
	b.limit = max(b.rules.Keep, 2*b.weight)
	b.order = slices.DeleteFunc(b.order, func(s *Spending) bool { return s.gone })
}

// put archives one run.
func (b *Tracker) put(r *run) {
	if r.tied || r.id == "" {
		return
	}
	if r.number < 0 {
		r.number = len(b.at)
		b.at = append(b.at, 0)
	}
	n := uint32(r.number)
	b.at[n] = uint64(len(b.text))
	b.text = binary.AppendUvarint(b.text, uint64(len(r.records)))
	last := uint64(0)
	for _, rec := range r.records {
		b.text = binary.AppendUvarint(b.text, rec.index-last)
		last = rec.index
	}
	b.names.put(aRun, []byte(r.id), n)
	for _, rec := range r.records {
		b.drop(rec.digest, n)
	}
	delete(b.runs, r.id)
	delete(b.hot, n)
	b.weight -= r.weight()
}

// drop forgets what one record brought.
func (b *Tracker) drop(d marketops.Digest, n uint32) {
	switch {
	case b.submissions[d] != nil:
		delete(b.submissions, d)
	case b.votes[d] != nil:
		delete(b.votes, d)
	case b.receipts[d] != nil:
		s := b.receipts[d]
		s.gone = true
		delete(b.receipts, d)
		if b.ids[s.ID] == d {
			delete(b.ids, s.ID)
		}
		b.names.put(aReceiptID, []byte(s.ID), n)
		if b.succeeded[s.Operation] == s {
			delete(b.succeeded, s.Operation)
			b.names.put(aSuccess, s.Operation[:], n)
		}
		if s.Outcome != nil && b.outcomes[s.Outcome.Digest] == s {
			delete(b.outcomes, s.Outcome.Digest)
			b.names.put(aRecord, s.Outcome.Digest[:], n)
		}
		if s.unfinished() {
			b.unfinished[n] = true
		}
	default:
		return
	}
	b.names.put(aRecord, d[:], n)
}

// recall reads the run in which a name occurred, if one that was forgotten is meant.
func (b *Tracker) recall(kind byte, name []byte) {
	if b.rules.Reread == nil || b.recalling {
		return
	}
	n, known := b.names.get(kind, name)
	if known {
		b.reopen(n)
	}
}

// reopen makes a forgotten run what it was. Findings were reported when it was read first.
func (b *Tracker) reopen(n uint32) {
	if b.hot[n] {
		return
	}
	indexes, err := b.indexes(n)
	var entries []Entry
	if err == nil {
		entries, err = b.rules.Reread(indexes)
	}
	if err != nil {
		b.find(Finding{Check: Order, Code: marketops.LogUnavailable, Detail: "a record that was read before cannot be read again: " + err.Error()})
		return
	}
	b.reread += uint64(len(entries))
	delete(b.unfinished, n)
	b.recalling = true
	for _, e := range entries {
		b.add(e)
	}
	b.recalling = false
	b.hot[n] = true
	b.runs[entries[0].Record.Body.Refs().Run].number = int(n)
}

var errArchive = errors.New("the archive of runs is not one")

// indexes returns where the records of a forgotten run stand.
func (a *archive) indexes(n uint32) (out []uint64, err error) {
	if int(n) >= len(a.at) || a.at[n] >= uint64(len(a.text)) {
		return nil, errArchive
	}
	text, last := a.text[a.at[n]:], uint64(0)
	count, size := binary.Uvarint(text)
	for ; size > 0 && count > 0; count-- {
		text = text[size:]
		var more uint64
		more, size = binary.Uvarint(text)
		last += more
		out = append(out, last)
	}
	if size <= 0 || len(out) == 0 {
		return nil, errArchive
	}
	return out, nil
}

// each calls f with every receipt at hand, and with those of forgotten runs that did not end.
func (b *Tracker) each(f func(*Spending)) {
	for _, s := range b.order {
		f(s)
	}
	for n := range maps.Clone(b.unfinished) {
		before := len(b.order)
		b.reopen(n)
		for _, s := range b.order[before:] {
			f(s)
		}
		if len(b.order) > before {
			b.put(b.order[before].run)
			b.order = b.order[:before]
		}
	}
}
