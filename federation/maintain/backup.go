package maintain

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

const (
	schemaBackup = "marketops.backup/v1"
	manifestName = "backup.json" // written last: without it a folder is no backup
)

// Manifest says what a backup is of.
type Manifest struct {
	Schema    string                `json:"schema"`
	CreatedAt marketops.Time        `json:"created_at"`
	Log       receipt.CheckpointRef `json:"log"`  // nothing that the backup lacks stood in the log at that moment
	Keys      bool                  `json:"keys"` // whether the private keys are in it
}

// Source is what is backed up: a state folder, and where core.yaml puts things ([config.Core.In]).
type Source struct {
	State  string
	Config config.Core
}

// folders are what a backup holds besides single files, by their names in it. Files in them never
// change once they are there, but for those of [Source.log].
func (s Source) folders() map[string]string {
	return map[string]string{"records": s.Config.Records, "policy": s.Config.Policy, "documents": filepath.Join(s.State, "documents"),
		"evidence": filepath.Join(s.State, "evidence"), "asked": filepath.Join(s.State, "asked"), "shards": filepath.Join(s.State, "shards")}
}

// files are the single files of a backup. checkpoint.mark is none of them: it must remember more
// than any backup does.
func (s Source) files() map[string]string {
	return map[string]string{"core.yaml": filepath.Join(s.State, "core.yaml"), "trust.json": s.Config.Trust}
}

// Copy copies what is there already. It may run while a Core does, and shortens what
// [Source.Finish] still has to do.
func (s Source) Copy(dest string) error {
	for name, dir := range s.folders() {
		if err := copyTree(dir, filepath.Join(dest, name), name == "policy", func(string) bool { return true }); err != nil {
			return lost(err)
		}
	}
	return lost(s.log(dest))
}

// log copies the published files of the log and the state that its writer goes on from, without
// locks and left-over temporary files.
func (s Source) log(dest string) error {
	to := filepath.Join(dest, "log")
	if err := copyTree(s.Config.Log, to, false, func(name string) bool { return name != log.CheckpointPath && log.IsPath(name) }); err != nil {
		return err
	}
	return copyTree(s.Config.Log, to, true, func(name string) bool {
		return name == log.CheckpointPath || strings.HasPrefix(name, ".state/") && !strings.HasSuffix(name, ".lock")
	})
}

// Copier is what a backup needs of the claim ledger.
type Copier interface {
	Copy(ctx context.Context, path string) error // as of package log/claims
}

// Finish completes a backup while nobody appends to the log or changes a claim; checkpoint covers
// the whole log. keys are copied only if they are named.
func (s Source) Finish(ctx context.Context, dest string, l Copier, checkpoint *log.Checkpoint, at marketops.Time, keys ...string) (*Manifest, error) {
	if err := s.Copy(dest); err != nil {
		return nil, err
	}
	for name, path := range s.files() {
		if err := copyFile(path, filepath.Join(dest, name), true); err != nil {
			return nil, lost(err)
		}
	}
	for _, path := range keys {
		if err := copyFile(path, filepath.Join(dest, "keys", filepath.Base(path)), true); err != nil {
			return nil, lost(err)
		}
	}
	if err := l.Copy(ctx, filepath.Join(dest, "claims.db")); err != nil {
		return nil, err
	}
	m := &Manifest{schemaBackup, at, receipt.SeenAt(checkpoint), len(keys) > 0}
	b, err := json.Marshal(m, jsontext.WithIndent("  "))
	if err != nil {
		return nil, err
	}
	syscall.Sync()
	if err := durable.Write(filepath.Join(dest, manifestName), append(b, '\n')); err != nil {
		return nil, lost(err)
	}
	syscall.Sync()
	return m, nil
}

func lost(err error) error {
	if err == nil {
		return nil
	}
	return &marketops.Failure{Code: regular.CodeOf(err, marketops.StateMissing), What: "a file could not be copied", Err: err, State: "the copy is not complete and must not be used"}
}

// copyTree copies the wanted regular files below a folder, named by their slash paths below it. What
// is not there, or goes while it is copied (an obsolete partial tile), is left out, and so is a link.
func copyTree(from, to string, again bool, want func(name string) bool) error {
	root, err := os.OpenRoot(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	return copyRoot(root, to, again, want)
}

func copyRoot(root *os.Root, to string, again bool, want func(name string) bool) error {
	return fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() || !want(name) || strings.HasPrefix(d.Name(), ".tmp-") {
			return err
		}
		err = copyBelow(root, name, filepath.Join(to, filepath.FromSlash(name)), again)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

// copyBelow copies a file below root, which may be a stranger's.
func copyBelow(root *os.Root, name, to string, again bool) error {
	in, info, err := regular.Open(root, name)
	if err != nil {
		return err
	}
	defer in.Close()
	return copyOpen(in, info, to, again)
}

// copyFile copies a file of this state folder.
func copyFile(from, to string, again bool) error {
	in, info, err := regular.OpenPath(from)
	if err != nil {
		return err
	}
	defer in.Close()
	return copyOpen(in, info, to, again)
}

// copyOpen copies a file whole or not at all. One that is there is taken for the same unless it
// may have changed.
func copyOpen(in *os.File, info fs.FileInfo, to string, again bool) error {
	root, err := durable.Folder(filepath.Dir(to))
	if err != nil {
		return err
	}
	defer root.Close()
	name := filepath.Base(to)
	if old, err := root.Stat(name); !again && err == nil && old.Size() == info.Size() {
		return nil
	}
	part := ".tmp-" + rand.Text()
	out, err := root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Chmod(info.Mode().Perm()), out.Close()); err == nil {
		err = root.Rename(part, name)
	}
	if err != nil {
		return errors.Join(err, root.Remove(part))
	}
	return nil
}

// Backup completes a backup of a stopped Core; see [Source.Copy]. One that was killed may have signed
// more than it published, which a restore would take for a rollback: code log-unavailable.
func (s *State) Backup(ctx context.Context, dest string, at marketops.Time, keys ...string) (*Manifest, error) {
	signed, err := s.newest()
	if err != nil {
		return nil, err
	}
	raw, err := regular.ReadPath(filepath.Join(s.config.Log, log.CheckpointPath), log.MaxCheckpoint)
	if err != nil {
		return nil, lost(err)
	}
	cp, err := s.open(raw)
	if err == nil && cp.Size != signed.Size {
		err = &marketops.Failure{Code: marketops.LogUnavailable, What: "the Core was not stopped cleanly: it signed more than it published", Next: "start it and stop it, and back up then"}
	}
	if err != nil {
		return nil, err
	}
	return Source{s.dir, s.config}.Finish(ctx, dest, s.ledger, cp, at, keys...)
}
