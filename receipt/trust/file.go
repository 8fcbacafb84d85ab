package trust

import (
	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

// File is the document behind [Trust]: whom to believe, and the one input of a verifier
// that nothing proves. Members are as in docs/formats.md.
type File struct {
	Schema           string                  `json:"schema"`
	Version          int64                   `json:"version"`           // grows with every change
	Previous         marketops.Digest        `json:"previous,omitzero"` // of the version before; none in version 1
	Effective        marketops.Time          `json:"effective"`         // from which on it may be adopted
	Expires          marketops.Time          `json:"expires"`           // binds new use, not old evidence
	Hosts            []marketops.Host        `json:"hosts"`             // the only ones that rules speak of
	Readers          []Reader                `json:"readers,omitzero"`  // may read from the Core, and do nothing else
	Persons          []Person                `json:"persons"`
	Authorities      []Key                   `json:"authorities"`
	AuthorityRules   []Rule                  `json:"authority_rules"` // threshold counts authorities
	Advisory         []Key                   `json:"advisory"`
	Publishers       []Key                   `json:"publishers"`
	Ledger           []Key                   `json:"ledger"`
	Resolvers        []Rule                  `json:"resolvers"`
	Revokers         []Rule                  `json:"revokers"`
	Approvals        []Rule                  `json:"approvals"`  // the minimum; threshold counts persons of group
	LogPolicy        string                  `json:"log_policy"` // C2SP tlog-policy text
	LogKeyEnds       []LogKeyEnd             `json:"log_key_ends,omitzero"`
	MaxLifetime      int64                   `json:"max_lifetime"` // seconds that a receipt may live, at most 86400
	KnownCheckpoints []receipt.CheckpointRef `json:"known_checkpoints"`
}

// Person is a human being with a stable id that is not an e-mail address.
type Person struct {
	ID     string   `json:"id"`
	Groups []string `json:"groups"`
	Keys   []Key    `json:"keys"`
}

// Key is a key with an opaque id and the times in which it may sign.
type Key struct {
	ID          string         `json:"id"`
	Alg         string         `json:"alg"`  // "ed25519"
	SPKI        string         `json:"spki"` // base64 of DER
	NotBefore   marketops.Time `json:"not_before"`
	NotAfter    marketops.Time `json:"not_after"`
	RevokedFrom []log.Position `json:"revoked_from,omitzero"` // per origin: nothing at or above this index
}

// Reader is the key of an auditor or a monitor. It signs requests that read, and no other record.
type Reader struct {
	Key
	Targets []string `json:"targets,omitzero"` // "*" or "host#id", as in a [Rule]; left out: everything
}

// LogKeyEnd says that a log key signs no checkpoint above a size any more; see [log.Policy.End].
type LogKeyEnd struct {
	Vkey string `json:"vkey"` // as in log_policy
	Size int64  `json:"size"`
}

// Rule applies to kinds and targets: "*" or a kind, "*" for every repository of the file's hosts or
// "host#id"; never a name.
type Rule struct {
	Kinds     []string `json:"kinds"`
	Targets   []string `json:"targets"`
	Group     string   `json:"group,omitzero"`
	Threshold int      `json:"threshold,omitzero"`
}
