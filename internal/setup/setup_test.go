package setup

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/crypto/signer"
	"github.com/omega/marketops/federation/policy"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt/trust"
)

const now = marketops.Time(1_790_000_000)

func pass(string, bool) ([]byte, error) { return []byte("correct horse"), nil }

func options(t *testing.T) Options {
	t.Helper()
	dir := t.TempDir()
	return Options{Dir: filepath.Join(dir, ".marketops"), Origin: "log.example.com", Person: "bob", Approver: "alice",
		ApproverKeyPath: filepath.Join(dir, "alice.pem"), Passphrase: pass, Now: now, Random: rand.Reader}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestInit reads back everything as its users will.
func TestInit(t *testing.T) {
	o := options(t)
	made, err := Init(o)
	must(t, err)
	if made.Notice != Rehearsal || made.Dir != o.Dir {
		t.Errorf("%+v", made)
	}
	for _, p := range made.Made {
		i, err := os.Stat(p)
		must(t, err)
		if strings.HasSuffix(p, ".pem") && i.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", p, i.Mode())
		}
	}
	core, err := config.LoadCore(filepath.Join(o.Dir, "core.yaml"))
	must(t, err)
	if core.Origin != o.Origin {
		t.Errorf("origin %q", core.Origin)
	}
	bundle, err := policy.Load(os.DirFS(filepath.Join(o.Dir, "policy")))
	must(t, err)
	if bundle.Digest().IsZero() {
		t.Error("the policy has no digest")
	}
	data, err := os.ReadFile(filepath.Join(o.Dir, "trust.json"))
	must(t, err)
	trusted, err := trust.Parse(data)
	must(t, err)
	checkTrust(t, o, trusted)
}

func checkTrust(t *testing.T, o Options, trusted *trust.Trust) {
	t.Helper()
	roles := map[string]struct {
		role trust.Role
		name string
		path string
	}{
		"requester": {trust.RolePerson, "bob", ""}, "approver": {trust.RolePerson, "alice", o.ApproverKeyPath},
		"publisher": {trust.RolePublisher, "publisher-1", ""}, "engine": {trust.RoleAdvisory, "engine-1", ""},
		"authority": {trust.RoleAuthority, "authority-1", ""}, "advisory": {trust.RoleAdvisory, "core-advisory-1", ""},
		"ledger": {trust.RoleLedger, "ledger-1", ""},
	}
	seen := map[crypto.KeyID]bool{}
	for name, want := range roles {
		path := want.path
		if path == "" {
			path = filepath.Join(o.Dir, "keys", name+".pem")
		}
		s, err := signer.Load(path, pass)
		must(t, err)
		h, ok := trusted.Holder(s.Public().ID())
		if !ok || h.Role != want.role || h.Name != want.name {
			t.Errorf("%s is %+v", name, h)
		}
		if now < h.Key.NotBefore || now >= h.Key.NotAfter {
			t.Errorf("%s is not valid at once", name)
		}
		seen[s.Public().ID()] = true
		_, err = signer.Load(path, nil)
		if encrypted := marketops.CodeOf(err) != ""; encrypted != (want.role == trust.RolePerson) {
			t.Errorf("%s is encrypted: %v (%v)", name, encrypted, err)
		}
	}
	if len(seen) != len(roles) {
		t.Errorf("%d distinct keys", len(seen))
	}
	checkpoint, err := signer.Load(filepath.Join(o.Dir, "keys", "checkpoint.pem"), nil)
	must(t, err)
	if logs := trusted.Log().Logs(); len(logs) != 1 || logs[0].Vkey != log.Vkey(o.Origin, checkpoint.Public()) || trusted.Log().Witnessed() {
		t.Errorf("log policy %+v", logs)
	}
	target := marketops.Target{Type: "github", Host: "github.com", RepositoryID: 1, FullName: "o/r"}
	floor := trusted.Minimum(marketops.TagRepo, target)
	if len(floor) != 1 || floor[0].Group != "approvers" || floor[0].Threshold != 1 || trusted.AuthorityThreshold(marketops.OpenPR, target) != 1 {
		t.Errorf("floor %+v", floor)
	}
	bob, alice := person(t, trusted, "bob"), person(t, trusted, "alice")
	if !trusted.MayRevoke(bob, marketops.TagRepo, target) || !trusted.MayResolve(bob, marketops.TagRepo, target) || trusted.MayRevoke(alice, marketops.TagRepo, target) {
		t.Error("bob, and only bob, resolves and revokes")
	}
	if f := trusted.File(); f.Version != 1 || f.MaxLifetime != 86400 || f.Expires != now+365*86400 {
		t.Errorf("version %d, max_lifetime %d, expires %s", f.Version, f.MaxLifetime, f.Expires)
	}
}

func person(t *testing.T, trusted *trust.Trust, id string) trust.Holder {
	t.Helper()
	for _, p := range trusted.File().Persons {
		if p.ID == id {
			return trust.Holder{Role: trust.RolePerson, Name: p.ID, Groups: p.Groups}
		}
	}
	t.Fatalf("no person %s", id)
	return trust.Holder{}
}

// TestInitTwice changes nothing.
func TestInitTwice(t *testing.T) {
	o := options(t)
	must(t, func() error { _, err := Init(o); return err }())
	before, err := os.ReadFile(filepath.Join(o.Dir, "trust.json"))
	must(t, err)
	for name, again := range map[string]func(Options) (Result, error){"Init": Init, "InitCore": InitCore} {
		if _, err := again(o); marketops.CodeOf(err) != marketops.ConfigInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	after, err := os.ReadFile(filepath.Join(o.Dir, "trust.json"))
	must(t, err)
	if !bytes.Equal(before, after) {
		t.Error("trust.json was changed")
	}
}

// TestInitRefused makes nothing at all.
func TestInitRefused(t *testing.T) {
	cases := map[string]func(*Options){
		"origin":                    func(o *Options) { o.Origin = "https://log.example.com" },
		"no person":                 func(o *Options) { o.Person = "" },
		"bad person":                func(o *Options) { o.Person = "Bob <bob@example.com>" },
		"one person":                func(o *Options) { o.Approver = o.Person },
		"unknown operator":          func(o *Options) { o.Operator = "carol" },
		"no passphrase":             func(o *Options) { o.Passphrase = nil },
		"no randomness":             func(o *Options) { o.Random = nil },
		"no time":                   func(o *Options) { o.Now = 0 },
		"approver's key lies there": func(o *Options) { os.WriteFile(o.ApproverKeyPath, []byte("mine"), 0o600) },
	}
	for name, edit := range cases {
		o := options(t)
		edit(&o)
		if _, err := Init(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if _, err := os.Stat(o.Dir); err == nil {
			t.Errorf("%s: the folder was made", name)
		}
	}
}

// TestInitCore lists nobody.
func TestInitCore(t *testing.T) {
	o := options(t)
	made, err := InitCore(Options{Dir: o.Dir, Origin: o.Origin, Now: now, Random: rand.Reader})
	must(t, err)
	data, err := os.ReadFile(filepath.Join(o.Dir, "trust.json"))
	must(t, err)
	trusted, err := trust.Parse(data)
	must(t, err)
	if f := trusted.File(); len(f.Persons) != 0 || len(f.Publishers) != 0 || len(f.Approvals) != 0 || len(f.Authorities) != 1 || len(f.Ledger) != 1 {
		t.Errorf("%+v", f)
	}
	if made.Notice == "" || made.Notice == Rehearsal {
		t.Errorf("notice %q", made.Notice)
	}
}
