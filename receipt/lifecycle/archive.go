package lifecycle

import (
	"cmp"
	"encoding/binary"
	"errors"
	"maps"
	"slices"

	"github.com/omega/marketops"
)

// A tracker of a whole log archives runs that no record has named for a while. Of each it keeps where
// its records stand, and under which names a record may name it again. If that happens the
// records are read and verified again and taken in their order, which makes the run what it was.
//
// What a record changes must then depend on records of its own run alone. A run that another one
// changed, which no honest log has, is never archived.
type archive struct {
	names      names
	at         []uint64        // by the number of a run: where its text begins
	text       []byte          // for each run: how many records, the first index, then the distances, as uvarints
	hot        map[uint32]bool // runs that were archived and are at hand again
	unfinished map[uint32]bool // runs of which the end of the log has something to say
	added      uint64          // records taken
	reread     uint64          // records taken once more
}

const (
	keepDefault = 4096 // records of runs that a tracker keeps at hand
	maxReread   = 4    // records read again for each one taken, before a tracker archives no more
)

// archiveOld archives what has not been named for longest, down to half, once there is too much.
func (r *records) archiveOld() {
	if r.rules.Reread == nil || r.weight <= r.limit || r.reread > maxReread*(r.added+keepDefault) {
		return
	}
	all := make([]*run, 0, len(r.runs))
	for _, run := range r.runs {
		all = append(all, run)
	}
	slices.SortFunc(all, func(x, y *run) int { return cmp.Compare(x.touched, y.touched) })
	for _, run := range all {
		if r.weight <= r.rules.Keep/2 {
			break
		}
		r.archiveRun(run)
	}
	r.limit = max(r.rules.Keep, 2*r.weight)
	r.dropArchived()
}

func (r *records) dropArchived() {
	r.order = slices.DeleteFunc(r.order, func(h *ReceiptHistory) bool { return h.archived })
}

func (r *records) archiveRun(run *run) {
	if run.tied || run.id == "" {
		return
	}
	if run.number < 0 {
		run.number = len(r.at)
		r.at = append(r.at, 0)
	}
	n := uint32(run.number)
	r.at[n] = uint64(len(r.text))
	r.text = binary.AppendUvarint(r.text, uint64(len(run.records)))
	last := uint64(0)
	for _, rec := range run.records {
		r.text = binary.AppendUvarint(r.text, rec.index-last)
		last = rec.index
	}
	r.names.put(aRun, []byte(run.id), n)
	for _, rec := range run.records {
		if r.drop(rec.digest, n) {
			r.names.put(aRecord, rec.digest[:], n)
		}
	}
	delete(r.runs, run.id)
	delete(r.hot, n)
	r.weight -= run.weight()
}

// drop forgets what one record brought, and reports whether another may name it.
func (r *records) drop(d marketops.Digest, n uint32) bool {
	switch {
	case r.submissions[d] != nil:
		delete(r.submissions, d)
	case r.votes[d] != nil:
		delete(r.votes, d)
	case r.receipts[d] != nil:
		r.dropReceipt(r.receipts[d], n)
	case r.orphans[d]:
		delete(r.orphans, d)
	default:
		return false
	}
	return true
}

func (r *records) dropReceipt(h *ReceiptHistory, n uint32) {
	h.archived = true
	delete(r.receipts, h.Digest)
	if r.ids[h.ID] == h.Digest {
		delete(r.ids, h.ID)
	}
	r.names.put(aReceiptID, []byte(h.ID), n)
	if r.succeeded[h.Operation] == h {
		delete(r.succeeded, h.Operation)
		r.names.put(aSuccess, h.Operation[:], n)
	}
	if h.Outcome != nil && r.outcomes[h.Outcome.Digest] == h {
		delete(r.outcomes, h.Outcome.Digest)
		r.names.put(aRecord, h.Outcome.Digest[:], n)
	}
	if h.isOpen() {
		r.unfinished[n] = true
	}
}

// reload reads the run in which a name occurred, if it is archived.
func (r *records) reload(kind byte, name []byte) {
	if r.rules.Reread == nil || r.reloading {
		return
	}
	n, known := r.names.get(kind, name)
	if known {
		r.reloadRun(n)
	}
}

// reloadRun makes an archived run what it was.
func (r *records) reloadRun(n uint32) {
	if r.hot[n] {
		return
	}
	indexes, err := r.indexes(n)
	var entries []Entry
	if err == nil {
		entries, err = r.rules.Reread(indexes)
	}
	if err != nil {
		r.report(Finding{Check: Order, Code: marketops.LogUnavailable, Detail: "a record that was read before cannot be read again: " + err.Error()})
		return
	}
	r.reread += uint64(len(entries))
	delete(r.unfinished, n)
	law, ledger := r.law, r.ledger
	r.reloading = true
	for _, e := range entries {
		r.take(e)
	}
	r.reloading = false
	r.law, r.ledger = law, ledger
	r.hot[n] = true
	r.runs[entries[0].Record.Body.Refs().Run].number = int(n)
}

var errArchive = errors.New("corrupt run archive")

// indexes returns where the records of an archived run stand.
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

// eachOpen calls f with every receipt at hand, and with those of archived runs that did not end.
func (r *records) eachOpen(f func(*ReceiptHistory)) {
	for _, h := range r.order {
		f(h)
	}
	for n := range maps.Clone(r.unfinished) {
		before := len(r.order)
		r.reloadRun(n)
		for _, h := range r.order[before:] {
			f(h)
		}
		if len(r.order) > before {
			r.archiveRun(r.order[before].run)
			r.order = r.order[:before]
		}
	}
}
