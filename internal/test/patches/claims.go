package patches

import "github.com/omega/marketops/internal/test/overlay"

const (
	rowFile    = "log/claims/row.go"
	recordFile = "log/claims/record.go"
)

var claimsPoints = []overlay.Patch{
	swap(rowFile, "return c, nil", `return c, faults.At("ledger.step", step)`),
	swap(rowFile, "return t.one(`INSERT INTO transition", "return faults.After(t.one(`INSERT INTO transition"),
	swap(rowFile, "int64(t.now), reason)", `int64(t.now), reason), "ledger.moved", string(from), string(to))`),
	swap(recordFile, "return s, nil", `return s, faults.At("ledger.frozen", r.Kind)`),
	follow(recordFile, "string(r.Receipt), r.Leaf[:])", `"ledger.indexed"`),
}
