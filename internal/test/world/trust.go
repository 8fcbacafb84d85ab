package world

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// WriteTrust writes a trust file of this version; change may edit it. The Core reads it at its next
// sweep or start.
func (w *World) WriteTrust(version int64, change func(*trust.File)) {
	w.Helper()
	t, b := w.ParseTrust(version, change)
	path := filepath.Join(w.Dir, "trust.json")
	Must(w, os.WriteFile(path+".new", b, 0o600))
	Must(w, os.Rename(path+".new", path))
	w.Trust, w.File = t, t.File()
}

// ParseTrust returns such a trust file and its bytes, and writes nothing.
func (w *World) ParseTrust(version int64, change func(*trust.File)) (*trust.Trust, []byte) {
	w.Helper()
	f := w.trustFile(version)
	for _, before := range w.inForce().Versions() {
		if before.Version() < version {
			f.Previous = before.Digest()
			break
		}
	}
	for _, edit := range []func(*trust.File){w.Edit, change} {
		if edit != nil {
			edit(&f)
		}
	}
	b := Got(json.Marshal(f))(w)
	return Got(Got(trust.Parse(b))(w).With(w.former))(w), b
}

// former returns a version that was in force.
func (w *World) former(d marketops.Digest) []byte {
	for _, v := range w.inForce().Versions() {
		if v.Digest() == d {
			return v.Text()
		}
	}
	return nil
}

// inForce is the version that follows upon, as the Core has it.
func (w *World) inForce() *trust.Trust {
	if w.Core != nil {
		return w.Core.Trust()
	}
	if w.Trust != nil {
		return w.Trust
	}
	return &trust.Trust{}
}

// TrustKey is a key as the trust file lists it: valid from a day ago for a year.
func (w *World) TrustKey(name string) trust.Key {
	return trust.Key{ID: name + "-1", Alg: "ed25519", SPKI: base64.StdEncoding.EncodeToString(w.Keys[name].Public().SPKI()),
		NotBefore: w.Now() - 86400, NotAfter: w.Now() + 365*86400}
}

func (w *World) trustFile(version int64) trust.File {
	all, key := []string{"*"}, w.TrustKey
	return trust.File{
		Schema: "marketops.trust/v2", Version: version, Effective: w.effective(version), Expires: w.Now() + 300*86400, Hosts: []marketops.Host{"github.com"},
		Persons: []trust.Person{
			{ID: "bob", Groups: []string{"requesters", "operators"}, Keys: []trust.Key{key("bob")}},
			{ID: "alice", Groups: []string{"approvers"}, Keys: []trust.Key{key("alice")}},
			{ID: "carol", Groups: []string{"approvers", "requesters"}, Keys: []trust.Key{key("carol")}},
			{ID: "dora", Groups: []string{"approvers"}, Keys: []trust.Key{key("dora")}},
			{ID: "mallory", Groups: []string{}, Keys: []trust.Key{key("mallory")}},
		},
		Authorities: []trust.Key{key("authority")}, AuthorityRules: []trust.Rule{{Kinds: all, Targets: all, Threshold: 1}},
		Advisory: []trust.Key{key("advisory")}, Publishers: []trust.Key{key("pub"), key("pub2")},
		Readers: []trust.Reader{{Key: key("reader")}, {Key: key("monitor"), Targets: []string{"github.com#7"}}}, Ledger: []trust.Key{key("ledger")},
		Resolvers: []trust.Rule{{Kinds: all, Targets: all, Group: "operators"}}, Revokers: []trust.Rule{{Kinds: all, Targets: all, Group: "operators"}},
		Approvals:   []trust.Rule{{Kinds: all, Targets: all, Group: "approvers", Threshold: 1}},
		LogPolicy:   fmt.Sprintf("log %s\nquorum none\n", log.Vkey(Origin, w.Keys["checkpoint"].Public())),
		MaxLifetime: 86400, KnownCheckpoints: []receipt.CheckpointRef{},
	}
}

// effective is now for every version but the first: the Core adopts it at once.
func (w *World) effective(version int64) marketops.Time {
	if version == 1 {
		return w.Now() - 86400
	}
	return w.Now()
}
