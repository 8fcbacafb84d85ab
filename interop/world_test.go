package interop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/test/testenv"
)

const (
	token  = "practice-token-0123456789"
	phrase = "correct horse battery staple"
)

// world is one finished run: a release with an asset and a tag, published, packed and exported.
type world struct {
	*testenv.World
	dir     string
	receipt *export // of operation 1, the release
	outcome *export
	tag     *export // the receipt of operation 2
	asset   string  // the file that was downloaded from the release
}

// export is what marketops export sigstore says it wrote.
type export struct {
	PredicateType string `json:"predicate_type"`
	Dir           string
	Document      string
	TrustedRoot   string `json:"trusted_root"`
	Signatures    []struct {
		Role, By, Key string
		Bundle        string
		Public        string `json:"public_key"`
		Command       []string
	}
}

// evidence is the world of all tests; its servers have stopped.
var evidence *world

func TestMain(m *testing.M) { os.Exit(test(m)) }

func test(m *testing.M) int {
	bin, err := os.MkdirTemp("", "mo-bin")
	if err == nil {
		defer os.RemoveAll(bin)
		err = testenv.Build(context.Background(), bin, testenv.Quick)
	}
	if err == nil {
		evidence, err = newWorld(bin)
	}
	if err == nil {
		defer os.RemoveAll(evidence.dir)
		err = evidence.live()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "no evidence to test with:", err)
		return 1
	}
	return m.Run()
}

// newWorld is a world with a practice GitHub and a project for it.
func newWorld(bin string) (*world, error) {
	w, err := testenv.New(testenv.Options{Bin: bin, Keep: true, Secrets: []string{"GITHUB_TOKEN=" + token, "MARKETOPS_PASSWORD="}})
	if err != nil {
		return nil, err
	}
	out := &world{World: w, dir: w.Dir}
	if err := w.StartGitHub(); err != nil {
		return out, err
	}
	return out, out.write(w.API, w.Uploads)
}

// live plays the life of a run and stops every server: the tests have files and no server to ask.
func (w *world) live() (err error) {
	defer func() { err = errors.Join(err, w.Close()) }()
	if err := w.MakeState(); err != nil {
		return err
	}
	for _, step := range []func() error{w.core, w.publish, w.download, w.export, w.keys} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) core() error { return w.StartCore() }

// run runs one command of the product and returns its standard output.
func (w *world) run(args ...string) ([]byte, error) {
	out, err := w.Run(context.Background(), "marketops", args...)
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	return out, nil
}

func (w *world) write(api, uploads string) error {
	if err := os.MkdirAll(filepath.Join(w.dir, "dist"), 0o755); err != nil {
		return err
	}
	for name, text := range testenv.Project(api, uploads) {
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) publish() error {
	for _, line := range []string{
		"plan -o run", "submit run", "approve run --key alice.pem", "authorize run", "publish run --mode prod", "pack run -o run.mopack",
	} {
		if _, err := w.run(strings.Fields(line)...); err != nil {
			return err
		}
	}
	return nil
}

// download fetches the asset as anybody would who reads the release page.
func (w *world) download() error {
	var release struct{ Assets []struct{ URL string } }
	b, err := w.get(w.API+"repos/octo-org/widgets/releases/tags/v1.4.0", "application/vnd.github+json")
	if err = errors.Join(err, json.Unmarshal(b, &release)); err != nil || len(release.Assets) != 1 {
		return fmt.Errorf("the release has %d assets: %w", len(release.Assets), err)
	}
	if b, err = w.get(release.Assets[0].URL, "application/octet-stream"); err != nil {
		return err
	}
	w.asset = filepath.Join(w.dir, "downloaded.tar.gz")
	return os.WriteFile(w.asset, b, 0o644)
}

func (w *world) get(url, accept string) ([]byte, error) {
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if res.StatusCode != http.StatusOK {
		err = errors.Join(err, fmt.Errorf("%s: %s", url, res.Status))
	}
	return b, err
}

func (w *world) export() error {
	for _, e := range []struct {
		into           **export
		op, record, to string
	}{{&w.receipt, "1", "receipt", "receipt"}, {&w.outcome, "1", "outcome", "outcome"}, {&w.tag, "2", "receipt", "tag"}} {
		out, err := w.run("export", "sigstore", "run.mopack", "--op", e.op, "--record", e.record, "--trust", ".marketops/trust.json", "-o", filepath.Join(w.dir, e.to), "--json")
		if err != nil {
			return err
		}
		*e.into = new(export)
		if err := json.Unmarshal(out, *e.into); err != nil || len((*e.into).Signatures) != 1 {
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	return nil
}

// keys makes an encrypted key file for cosign to read.
func (w *world) keys() error {
	c := w.Command(context.Background(), "marketops", "key", "new", "person.pem")
	c.Env = append(c.Env, "MARKETOPS_PASSWORD="+phrase)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("key new: %w\n%s", err, out)
	}
	return nil
}
