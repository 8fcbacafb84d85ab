package maintain

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// Memory is what is known of a log outside of its backup.
type Memory struct {
	Checkpoints [][]byte // signed notes that users, auditors or witnesses have kept
	Nothing     bool     // the operator says that nobody has seen more than the backup
}

// in reads the files of a backup, which may be a stranger's. None is larger than a bundle but claims.db, which is
// copied piece by piece.
func in(backup string) regular.Dir { return regular.Dir{Path: backup, Limit: log.MaxBundle} }

// logIn reads the log of a backup.
type logIn struct{ backup regular.Dir }

// ReadFile implements [log.TileReader].
func (l logIn) ReadFile(name string) ([]byte, error) { return l.backup.ReadFile("log/" + name) }

// ReadManifest reads what a folder is a backup of. Code state-missing for one that is none, such as
// one that was interrupted.
func ReadManifest(backup string) (*Manifest, error) {
	b, err := in(backup).ReadFile(manifestName)
	if err != nil {
		return nil, &marketops.Failure{Code: regular.CodeOf(err, marketops.StateMissing), What: backup + " is no complete backup", Err: err}
	}
	m := &Manifest{}
	if err := json.Unmarshal(b, m, json.RejectUnknownMembers(true)); err != nil || m.Schema != schemaBackup {
		return nil, &marketops.Failure{Code: marketops.StateMissing, What: backup + " has a manifest that cannot be read", Err: err}
	}
	return m, nil
}

// Restore puts a backup into a state folder from which log, records and claims were moved away; it
// overwrites nothing. Before, it reads the whole log of the backup, and compares it with all that is
// remembered of it: checkpoint.mark in the state folder, which no backup holds, and what m brings.
//
// A backup that is older than any of that is refused, log-rolled-back: to go on with it would give
// out again what is spent and sign another log under the same name. Without any memory it is
// refused, state-missing, unless the operator says that there is none. Other codes: config-invalid
// where something would be overwritten, and those of a log that is not sound.
func Restore(backup, dir string, m Memory) (*Manifest, error) {
	man, err := ReadManifest(backup)
	if err != nil {
		return nil, err
	}
	text, err := in(backup).ReadFile("core.yaml")
	if err != nil {
		return nil, lost(err)
	}
	c, err := config.ParseCore(filepath.Join(backup, "core.yaml"), text)
	if err != nil {
		return nil, err
	}
	to := Source{dir, c.In(dir)}
	if err := to.absent(); err != nil {
		return nil, err
	}
	tree, policy, err := sound(backup, c.Origin, man)
	if err != nil {
		return nil, err
	}
	mark := filepath.Join(dir, "checkpoint.mark")
	if err := m.follow(tree, policy, mark); err != nil {
		return nil, err
	}
	if err := to.fill(backup); err != nil {
		return nil, err
	}
	if err := durable.Write(mark, tree.Checkpoint().Raw); err != nil {
		return nil, lost(err)
	}
	syscall.Sync()
	return man, nil
}

// absent demands that nothing of what is restored is there.
func (s Source) absent() error {
	for _, path := range []string{s.Config.Log, s.Config.Records, s.Config.Claims} {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return &marketops.Refusal{Code: marketops.ConfigInvalid, What: path + " is there and would be overwritten",
				State: "nothing was restored", Next: "move log, records and claims.db out of the state folder, and leave checkpoint.mark there"}
		}
	}
	return nil
}

// sound opens the log of a backup and reads every entry of it.
func sound(backup, origin string, man *Manifest) (*log.Tree, *log.Policy, error) {
	raw, err := in(backup).ReadFile("trust.json")
	if err != nil {
		return nil, nil, lost(err)
	}
	t, err := trust.Parse(raw)
	if err != nil {
		return nil, nil, err
	}
	folder := logIn{in(backup)}
	if raw, err = folder.ReadFile(log.CheckpointPath); err != nil {
		return nil, nil, lost(err)
	}
	cp, err := t.Log().Open(raw)
	if err != nil {
		return nil, nil, err
	}
	if cp.Origin != origin || receipt.SeenAt(cp) != man.Log {
		return nil, nil, marketops.Refuse(marketops.SplitView, fmt.Sprintf("the manifest speaks of %s at size %d, the log is %s at size %d", man.Log.Origin, man.Log.Size, cp.Origin, cp.Size))
	}
	tree := log.NewTree(cp, folder)
	return tree, t.Log(), tree.Entries(0, cp.Size, func(uint64, []byte) error { return nil })
}

// follow demands that the log holds everything that is remembered of it.
func (m Memory) follow(tree *log.Tree, policy *log.Policy, mark string) error {
	known := m.Checkpoints
	if raw, err := regular.ReadPath(mark, log.MaxCheckpoint); err == nil {
		known = append(known, raw)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return lost(err)
	}
	if len(known) == 0 && !m.Nothing {
		return &marketops.Refusal{Code: marketops.StateMissing, What: "nothing here remembers how far the log had come", State: "nothing was restored",
			Next: "ask users, auditors and witnesses for the newest checkpoint that they have seen (--seen FILE); only if there is nobody, say --unseen"}
	}
	for _, raw := range known {
		cp, err := policy.OpenUnwitnessed(raw) // what the Core itself or one witness kept need not carry all cosignatures
		if err != nil {
			return err
		}
		if origin := tree.Checkpoint().Origin; cp.Origin != origin { // a frozen log, and the one that goes on after it
			return &marketops.Refusal{Code: marketops.LogRolledBack, What: "the backup is of the log " + origin + ", and one of " + cp.Origin + " was seen", State: "nothing was restored",
				Next: "restore a backup of " + cp.Origin}
		}
		if _, err := tree.Consistency(cp); err != nil {
			return &marketops.Refusal{Code: misbehaviourCode(err), What: fmt.Sprintf("the backup has %d entries of %s, and one of %d was seen", tree.Checkpoint().Size, cp.Origin, cp.Size), Err: err,
				State: "nothing was restored",
				Next:  "restore a newer backup; if there is none, begin a new log under another origin, and tell everybody who saw the old one"}
		}
	}
	return nil
}

// misbehaviourCode is the code of a log that does not hold what was seen of it.
func misbehaviourCode(err error) marketops.Code {
	if c := marketops.CodeOf(err); c == marketops.SplitView || c == marketops.LogRolledBack {
		return c
	}
	return marketops.ConsistencyInvalid
}

// fill copies a backup into an empty state folder. Files that are there (keys, a newer trust file
// and policy) stay.
func (s Source) fill(backup string) error {
	if err := makeFolder(s.State); err != nil {
		return err
	}
	for name, dir := range s.folders() {
		if _, err := os.Stat(dir); name == "policy" && err == nil {
			continue
		}
		if err := restoreTree(backup, name, dir, false); err != nil {
			return err
		}
	}
	if err := restoreTree(backup, "keys", filepath.Join(s.State, "keys"), false); err != nil {
		return err
	}
	for name, path := range s.files() {
		if _, err := os.Stat(path); err == nil {
			continue
		}
		if err := restoreFile(backup, name, path); err != nil {
			return err
		}
	}
	for _, dir := range []string{s.Config.Log, s.Config.Records} {
		if err := makeFolder(dir); err != nil {
			return err
		}
	}
	if err := restoreTree(backup, "log", s.Config.Log, true); err != nil {
		return err
	}
	return restoreFile(backup, "claims.db", s.Config.Claims)
}

func makeFolder(dir string) error {
	root, err := durable.Folder(dir)
	if err != nil {
		return lost(err)
	}
	return lost(root.Close())
}

// restoreTree copies a folder of a backup, which is no link.
func restoreTree(backup, name, to string, again bool) error {
	base, err := os.OpenRoot(backup)
	if err != nil {
		return lost(err)
	}
	defer base.Close()
	if err := regular.LookFolder(base, name); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return lost(fmt.Errorf("%s: %w", filepath.Join(backup, name), err))
	}
	root, err := base.OpenRoot(name)
	if err != nil {
		return lost(err)
	}
	defer root.Close()
	return lost(copyRoot(root, to, again, func(string) bool { return true }))
}

func restoreFile(backup, name, to string) error {
	root, err := os.OpenRoot(backup)
	if err != nil {
		return lost(err)
	}
	defer root.Close()
	if err := copyBelow(root, name, to, true); err != nil {
		return lost(fmt.Errorf("%s: %w", filepath.Join(backup, name), err))
	}
	return nil
}
