package interop

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	patience = 30 * time.Second // until a server answers; never a measure of speed
	token    = "practice-token-0123456789"
	phrase   = "correct horse battery staple"
	asset    = "the bytes that were built and tested\n"
)

// world is one finished run: a release with an asset and a tag, published, packed and exported.
type world struct {
	dir, bin string
	env      []string
	servers  []*server
	api      string
	receipt  *export // of operation 1, the release
	outcome  *export
	tag      *export // the receipt of operation 2
	asset    string  // the file that was downloaded from the release
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

var evidence *world

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "mo")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	evidence = &world{dir: dir, bin: filepath.Join(dir, "bin")}
	err = evidence.live()
	code := 1
	if err == nil {
		code = m.Run()
	} else {
		fmt.Fprintln(os.Stderr, "no evidence to test with:", err)
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// live plays the life of a run and stops every server: the tests have files and nobody to ask.
func (w *world) live() (err error) {
	defer func() { err = errors.Join(err, w.stop()) }()
	w.env = w.environment()
	for _, step := range []func() error{w.build, w.start, w.publish, w.download, w.export, w.keys} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) environment() []string {
	return []string{"PATH=" + w.bin + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + filepath.Join(w.dir, "home"), "XDG_RUNTIME_DIR=" + w.dir, "MARKETOPS_PASSWORD=", "GITHUB_TOKEN=" + token, "NO_COLOR=1"}
}

func (w *world) build() error {
	for name, pkg := range map[string]string{"marketops": "./cmd/marketops", "marketops-core": "./cmd/marketops-core", "practice-github": "./internal/test/githubtest/serve"} {
		c := exec.Command("go", "build", "-o", filepath.Join(w.bin, name), pkg)
		c.Dir = ".."
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", pkg, err, out)
		}
	}
	return nil
}

// run runs one command of the product and returns its standard output.
func (w *world) run(args ...string) ([]byte, error) { return w.runIn(w.env, args...) }

func (w *world) runIn(env []string, args ...string) ([]byte, error) {
	c := exec.Command(filepath.Join(w.bin, "marketops"), args...)
	var out, talk bytes.Buffer
	c.Dir, c.Env, c.Stdout, c.Stderr = w.dir, env, &out, &talk
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("marketops %s: %w\n%s%s", strings.Join(args, " "), err, out.String(), talk.String())
	}
	return out.Bytes(), nil
}

type server struct {
	cmd *exec.Cmd
	out bytes.Buffer
}

func (w *world) serve(name string, args ...string) error {
	s := &server{cmd: exec.Command(filepath.Join(w.bin, name), args...)}
	s.cmd.Dir, s.cmd.Env, s.cmd.Stdout, s.cmd.Stderr = w.dir, w.env, &s.out, &s.out
	if err := s.cmd.Start(); err != nil {
		return err
	}
	w.servers = append(w.servers, s)
	return nil
}

func (w *world) stop() (err error) {
	for _, s := range w.servers {
		s.cmd.Process.Signal(syscall.SIGTERM)
		if e := s.cmd.Wait(); e != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w\n%s", filepath.Base(s.cmd.Path), e, s.out.String()))
		}
	}
	w.servers = nil
	return err
}

func await(what string, ready func() error) (err error) {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if err = ready(); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s does not answer: %w", what, err)
}

func (w *world) start() error {
	if err := w.github(); err != nil {
		return err
	}
	if _, err := w.run("init", "--origin", "log.example.com", "--person", "bob", "--approver", "alice"); err != nil {
		return err
	}
	return w.core()
}

// github starts the practice GitHub and writes a project for it.
func (w *world) github() error {
	ready := filepath.Join(w.dir, "github.json")
	if err := w.serve("practice-github", "--token-env", "GITHUB_TOKEN", "--ready-file", ready, "--repo", "octo-org/widgets", "--repo", "octo-org/gadgets"); err != nil {
		return err
	}
	var at struct{ API, Uploads string }
	if err := await("the practice GitHub", func() error {
		b, err := os.ReadFile(ready)
		return errors.Join(err, json.Unmarshal(b, &at))
	}); err != nil {
		return err
	}
	w.api = at.API
	return w.write(at.API, at.Uploads)
}

func (w *world) core() error {
	if err := w.serve("marketops-core", "serve"); err != nil {
		return err
	}
	return await("the Core", w.dial)
}

func (w *world) dial() error {
	found, _ := filepath.Glob(filepath.Join(w.dir, "*.sock"))
	for _, path := range append(found, filepath.Join(w.dir, ".marketops", "core.sock")) {
		if c, err := net.Dial("unix", path); err == nil {
			return c.Close()
		}
	}
	return errors.New("no socket answers")
}

const project = `version: 1
github:
  api: %s
  uploads: %s
publications:
  - kind: publish_release
    repository: octo-org/widgets
    tag: v1.4.0
    target: main
    name: Widgets 1.4.0
    notes: notes.md
    make_latest: "true"
    assets: ["dist/*"]
  - kind: tag_repo
    repository: octo-org/gadgets
    tag: v0.3.1
    target: main
    message: gadgets 0.3.1
    tagger: {name: Release Bot, email: release@example.com}
`

func (w *world) write(api, uploads string) error {
	if err := os.MkdirAll(filepath.Join(w.dir, "dist"), 0o755); err != nil {
		return err
	}
	for name, text := range map[string]string{"marketops.yaml": fmt.Sprintf(project, api, uploads), "notes.md": "Widgets 1.4.0 turns both ways.\n", "dist/widget.tar.gz": asset} {
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
	b, err := w.get(w.api+"repos/octo-org/widgets/releases/tags/v1.4.0", "application/vnd.github+json")
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
	_, err := w.runIn(append(w.env, "MARKETOPS_PASSWORD="+phrase), "key", "new", "person.pem")
	return err
}
