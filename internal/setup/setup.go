// Package setup makes a state folder: keys, policy, trust.json and core.yaml.
//
// [Init] makes everything for one machine, all roles under one user:
//
//	.marketops/                   mode 0700
//	  .gitignore                  all but trust.json
//	  core.yaml                   where the Core keeps and reads things
//	  trust.json                  version 1
//	  policy/                     the starter bundle
//	  log/ records/               empty; the Core fills them
//	  keys/requester.pem          a person's key, encrypted
//	  keys/{publisher,engine}.pem machine keys
//	  keys/reader.pem             signs reads over TCP, and nothing else
//	  keys/{authority,advisory,ledger,checkpoint}.pem   the Core's
//	./alice.pem                   the approver's key, encrypted
//
// The trust file names one requester, who also resolves and revokes, and one approver whose
// approval every kind and target needs. [InitCore] makes the Core's part alone; its trust file
// lists no person and no publisher, so that nothing can be authorised before somebody adds them.
//
// Nothing is ever overwritten: if one of the files is there, none is made.
package setup

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/crypto/signer"
	"github.com/omega/marketops/federation/policy"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt/trust"
)

// Rehearsal is the sentence that init prints and reports repeat.
const Rehearsal = "this is a rehearsal, not four eyes: every key lies under one user of one machine, who can therefore play every role"

const validity = 365 * 24 * time.Hour // of keys and trust file

// Options say what to make. Init needs every field but Operator, Witnesses and Quorum.
type Options struct {
	Dir             string            // state folder
	Origin          string            // bare host name of the log
	Person          string            // id of the requester
	Approver        string            // id of the approver
	ApproverKeyPath string            // where the approver's key goes
	Operator        string            // Person or Approver: who resolves and revokes; "" is Person
	Passphrase      signer.Passphrase // for the two persons' keys
	Witnesses       []string          // "<vkey> <url>" each; none: no witness is asked
	Quorum          int               // how many of them must cosign; 0 is a majority
	Hosts           []string          // each GitHub that may be published to; none: github.com
	Now             marketops.Time
	Random          io.Reader
}

// Result is what was made.
type Result struct {
	Dir    string
	Made   []string // files, in the order in which they were made
	Log    string   // the log's verifier key, which witnesses must be given
	Notice string   // [Rehearsal], or what an operator must do next
}

// The keys of a state folder, below keys/.
const (
	keyRequester  = "requester"
	keyPublisher  = "publisher"
	keyEngine     = "engine"
	keyReader     = "reader"
	keyAuthority  = "authority"
	keyAdvisory   = "advisory"
	keyLedger     = "ledger"
	keyCheckpoint = "checkpoint"
	keyApprover   = "approver"
)

var coreKeys = []string{keyAuthority, keyAdvisory, keyLedger, keyCheckpoint}

// Init makes a state folder with all roles under one user. Errors are config-invalid, also for
// a file that is there already, and those of package crypto/signer.
func Init(o Options) (Result, error) {
	if err := o.check(); err != nil {
		return Result{}, err
	}
	m, err := o.maker(append([]string{keyRequester, keyPublisher, keyEngine, keyReader, keyApprover}, coreKeys...))
	if err != nil {
		return Result{}, err
	}
	trust, err := o.trust(m)
	if err != nil {
		return Result{}, err
	}
	return m.write(trust, Rehearsal)
}

// InitCore makes the Core's part of a state folder. It needs Dir, Origin, Now and Random, and takes
// Witnesses and Quorum.
func InitCore(o Options) (Result, error) {
	if err := o.checkCore(); err != nil {
		return Result{}, err
	}
	m, err := o.maker(coreKeys)
	if err != nil {
		return Result{}, err
	}
	f, err := o.coreTrust(m)
	if err != nil {
		return Result{}, err
	}
	return m.write(f, "add persons, publishers and approval rules to trust.json: until then nothing can be authorised")
}

func (o Options) checkCore() error {
	if err := log.CheckOrigin(o.Origin); err != nil {
		return marketops.RefuseErr(marketops.ConfigInvalid, "origin", err)
	}
	if o.Dir == "" || o.Now <= 0 || o.Random == nil {
		return marketops.Refuse(marketops.ConfigInvalid, "init needs a folder, the time and a source of randomness")
	}
	return nil
}

func (o Options) check() error {
	if err := o.checkCore(); err != nil {
		return err
	}
	switch {
	case o.Person == "" || o.Approver == "" || o.Person == o.Approver:
		return marketops.Refuse(marketops.ConfigInvalid, "init needs a person and another person as approver")
	case o.Operator != "" && o.Operator != o.Person && o.Operator != o.Approver:
		return marketops.Refuse(marketops.ConfigInvalid, "the operator is the person or the approver: nobody else has a key yet")
	case o.ApproverKeyPath == "" || o.Passphrase == nil:
		return marketops.Refuse(marketops.ConfigInvalid, "init needs a path for the approver's key and a passphrase")
	}
	return nil
}

// maker holds the new keys until all of them can be written.
type maker struct {
	o     Options
	names []string
	keys  map[string]*crypto.PrivateKey
	made  []string
}

func (o Options) maker(names []string) (*maker, error) {
	m := &maker{o: o, names: names, keys: map[string]*crypto.PrivateKey{}}
	for _, name := range names {
		k, err := signer.Generate(o.Random)
		if err != nil {
			return nil, err
		}
		m.keys[name] = k
	}
	return m, m.absent()
}

func (m *maker) vkey() string { return log.Vkey(m.o.Origin, m.keys[keyCheckpoint].Public()) }

func (m *maker) path(name string) string {
	if name == keyApprover {
		return m.o.ApproverKeyPath
	}
	return filepath.Join(m.o.Dir, "keys", name+".pem")
}

// absent refuses to begin where anything that would be made is there.
func (m *maker) absent() error {
	paths := []string{filepath.Join(m.o.Dir, ".gitignore"), filepath.Join(m.o.Dir, "core.yaml"), filepath.Join(m.o.Dir, "trust.json"), filepath.Join(m.o.Dir, "policy")}
	for _, name := range m.names {
		paths = append(paths, m.path(name))
	}
	for _, p := range paths {
		if _, err := os.Lstat(p); !errors.Is(err, fs.ErrNotExist) {
			return &marketops.Refusal{Code: marketops.ConfigInvalid, What: p + " is there already", State: "nothing was made or changed",
				Next: "use that folder, or give another one"}
		}
	}
	return nil
}

func (m *maker) write(f trust.File, notice string) (Result, error) {
	trust, err := encode(f)
	if err != nil {
		return Result{}, err
	}
	core := config.DefaultCore(m.o.Origin).YAML()
	if _, err := config.ParseCore("core.yaml", core); err != nil {
		return Result{}, err
	}
	for _, dir := range []string{"", "keys", "log", "records"} {
		if err := os.MkdirAll(filepath.Join(m.o.Dir, dir), 0o700); err != nil {
			return Result{}, cannot(err)
		}
	}
	if err := m.writeKeys(); err != nil {
		return Result{}, err
	}
	if err := policy.WriteStarter(filepath.Join(m.o.Dir, "policy")); err != nil {
		return Result{}, err
	}
	m.made = append(m.made, filepath.Join(m.o.Dir, "policy"))
	for _, file := range []struct {
		name string
		text []byte
	}{{".gitignore", []byte(ignore)}, {"trust.json", trust}, {"core.yaml", core}} {
		if err := m.create(filepath.Join(m.o.Dir, file.name), file.text); err != nil {
			return Result{}, err
		}
	}
	return Result{m.o.Dir, m.made, m.vkey(), notice}, nil
}

// ignore keeps keys, log and database out of a repository around the folder.
const ignore = "# Keys, log and database. Only trust.json may be shared.\n*\n!.gitignore\n!trust.json\n"

func (m *maker) writeKeys() error {
	for _, name := range m.names {
		if err := m.writeKey(name); err != nil {
			return err
		}
		m.made = append(m.made, m.path(name))
	}
	return nil
}

// writeKey encrypts the keys of persons; those of machines are protected by their mode alone.
func (m *maker) writeKey(name string) error {
	if name != keyRequester && name != keyApprover {
		return signer.WritePlain(m.path(name), m.keys[name])
	}
	pass, err := m.o.Passphrase(m.path(name), true)
	if err != nil {
		return err
	}
	if pass == nil {
		return marketops.Refuse(marketops.PassphraseWrong, "no passphrase for "+m.path(name))
	}
	return signer.WriteEncrypted(m.path(name), m.keys[name], pass)
}

func (m *maker) create(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return cannot(err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return cannot(err)
	}
	m.made = append(m.made, path)
	return nil
}

func cannot(err error) error {
	return marketops.RefuseErr(marketops.ConfigInvalid, "the state folder cannot be made", err)
}
