package session

import (
	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/receipt"
)

// EntryView is one logged record in --json.
type EntryView struct {
	Schema string           `json:"schema"`
	Run    marketops.RunID  `json:"run"`
	Record receipt.Kind     `json:"record"`
	Digest marketops.Digest `json:"digest"`
	Origin string           `json:"origin"`
	Leaf   uint64           `json:"leaf"`
}

// ViewOf returns the view of an entry of a run.
func ViewOf(schema string, run marketops.RunID, e api.Entry) EntryView {
	return EntryView{schema, run, e.Name, e.Digest, e.Position.Origin, e.Position.Index}
}
