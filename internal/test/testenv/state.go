package testenv

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/secure-systems-lab/go-securesystemslib/encrypted"
)

// initFlags are those of every marketops init.
var initFlags = []string{"init", "--origin", "log.example.com", "--person", "bob", "--approver", "alice"}

// personKeys are the key files of the two persons, which init encrypts.
var personKeys = []string{"alice.pem", filepath.Join(".marketops", "keys", "requester.pem")}

// state holds the files that marketops init made, for all worlds of this process.
var state struct {
	sync.Mutex
	files map[string]file
}

type file struct {
	mode fs.FileMode
	text []byte
}

// host names the practice GitHub of the world, as trust.json does; github.com if there is none.
func (w *World) host() string {
	if w.API == "" {
		return "github.com"
	}
	return strings.TrimSuffix(strings.TrimPrefix(w.API, "http://"), "/")
}

// MakeState makes the state folder, whose trust file names the practice GitHub if that runs. Without flags
// all worlds of a process get the same one: init ran once, and the persons' keys are not encrypted. With
// flags init runs here.
func (w *World) MakeState(flags ...string) error {
	if len(flags) > 0 {
		_, err := w.Init(flags...)
		return errors.Join(err, w.DecryptKeys())
	}
	state.Lock()
	defer state.Unlock()
	if state.files == nil {
		var err error
		if state.files, err = prepare(w.Options); err != nil {
			return err
		}
	}
	for name, f := range state.files {
		if filepath.Base(name) == "trust.json" {
			f.text = bytes.Replace(f.text, []byte(`"github.com"`), []byte(`"`+w.host()+`"`), 1)
		}
		if err := f.write(w.Path(name)); err != nil {
			return err
		}
	}
	return nil
}

// Init runs marketops init with these flags, and returns what it printed.
func (w *World) Init(flags ...string) ([]byte, error) {
	flags = append([]string{"--host", w.host()}, flags...)
	out, err := w.Run(context.Background(), "marketops", append(initFlags[:len(initFlags):len(initFlags)], flags...)...)
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, out)
	}
	return out, err
}

// prepare runs init in a folder of its own and reads what it made.
func prepare(o Options) (files map[string]file, err error) {
	w, err := New(Options{Bin: o.Bin, Env: o.Env})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if _, err = w.Init(); err != nil {
		return nil, err
	}
	if err = w.DecryptKeys(); err != nil {
		return nil, err
	}
	return readFiles(w.Dir)
}

// EditCore replaces texts of core.yaml, which must be there: old, new, old, new and so on.
func (w *World) EditCore(oldnew ...string) error {
	path := w.Path(".marketops", "core.yaml")
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(string(b), oldnew[i]) {
			return fmt.Errorf("core.yaml has no %q", oldnew[i])
		}
	}
	return os.WriteFile(path, []byte(strings.NewReplacer(oldnew...).Replace(string(b))), 0o600)
}

func readFiles(dir string) (map[string]file, error) {
	files := map[string]file{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || name == "." {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		f := file{mode: info.Mode()}
		if info.Mode().IsRegular() {
			f.text, err = os.ReadFile(path)
		}
		files[name] = f
		return err
	})
	return files, err
}

func (f file) write(path string) error {
	if f.mode.IsDir() {
		return errors.Join(os.MkdirAll(path, f.mode.Perm()), os.Chmod(path, f.mode.Perm()))
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, f.text, f.mode.Perm())
}

// DecryptKeys makes plain keys of the persons' keys, which init encrypted under an empty passphrase.
// Deriving a key from a passphrase is meant to be slow: it would take more time than all the rest.
func (w *World) DecryptKeys() error {
	for _, name := range personKeys {
		if err := decrypt(w.Path(name)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func decrypt(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return errors.New("it is not PEM")
	}
	der, err := encrypted.Decrypt(block.Bytes, nil)
	if err != nil {
		return err
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}
