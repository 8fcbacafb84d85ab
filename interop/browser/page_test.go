//go:build browser

package browser

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/lifecycletest"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/pack"
	"github.com/omega/marketops/verifier/show"
)

// tab is the page in a browser, opened from the disk.
type tab struct {
	context.Context
	dir      string
	t        *testing.T
	files    int
	troubles []string // what the browser complained of: exceptions, policy violations
}

func open(t *testing.T) *tab {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.Flag("disable-background-networking", true))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(stop)
	b := &tab{Context: ctx, dir: t.TempDir(), t: t}
	chromedp.ListenTarget(ctx, b.listen)
	page := build(t)
	b.do(log.Enable(), chromedp.Navigate("file://"+b.file("page.html", page)))
	b.wait("Ready.")
	return b
}

// build makes the page from the sources at hand.
func build(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.html")
	c := exec.Command("go", "run", "./internal/tools/page", "-o", path)
	c.Dir = filepath.Join("..", "..")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func (b *tab) listen(ev any) {
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		b.troubles = append(b.troubles, ev.ExceptionDetails.Error())
	case *log.EventEntryAdded:
		b.troubles = append(b.troubles, ev.Entry.Text)
	}
}

func (b *tab) do(actions ...chromedp.Action) {
	b.t.Helper()
	if err := chromedp.Run(b, actions...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) file(name string, content []byte) string {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		b.t.Fatal(err)
	}
	return path
}

// wait returns when the line that tells people what goes on begins so.
func (b *tab) wait(state string) {
	b.t.Helper()
	b.do(chromedp.Poll(fmt.Sprintf("document.getElementById('state').textContent.startsWith(%q)", state), nil))
}

func (b *tab) choose(pack, trust []byte) {
	b.t.Helper()
	b.files++
	name := fmt.Sprintf("run%d.mopack", b.files) // a browser tells of no change where the name is the same
	b.do(chromedp.SetUploadFiles("#trust", []string{b.file(fmt.Sprintf("trust%d.json", b.files), trust)}))
	b.do(chromedp.SetUploadFiles("#pack", []string{b.file(name, pack)}))
	b.wait("Checked " + name)
}

func (b *tab) text(selector string) (s string) {
	b.t.Helper()
	b.do(chromedp.TextContent(selector, &s, chromedp.ByQuery))
	return s
}

// A person chooses two files and is told what marketops-verify would have said.
func TestPersonSeesTheReport(t *testing.T) {
	w := lifecycletest.New()
	w.Publish()
	b := open(t)
	b.choose(w.PackBytes(), w.TrustBytes())
	if got := b.text("#verdict"); got != "✓ verified (unwitnessed)" {
		t.Errorf("verdict is %q", got)
	}
	for selector, want := range map[string]string{
		"#operations": "publish_release octo-org/widgets refs/tags/v1.4.0", "#text": "verified (unwitnessed): ",
		"#uncovered": "GitHub", "#basis": w.Trust().Digest().String(), "#checks": "receipt-signature",
	} {
		if got := b.text(selector); !strings.Contains(got, want) {
			t.Errorf("%s does not say %q: %s", selector, want, got)
		}
	}
	evidence := w.PackBytes()
	evidence[len(evidence)/2] ^= 1
	b.choose(evidence, w.TrustBytes())
	if got := b.text("#verdict"); !strings.HasPrefix(got, "✗ failed") {
		t.Errorf("a changed pack is %q", got)
	}
	b.choose(w.PackBytes(), w.TrustBytes())
	b.do(chromedp.SetValue("#digest", marketops.DigestOf([]byte("another")).String()), chromedp.Evaluate("document.getElementById('digest').dispatchEvent(new Event('change'))", nil))
	b.do(chromedp.Poll("document.getElementById('verdict').textContent.endsWith(': trust-missing')", nil))
	if len(b.troubles) > 0 {
		t.Errorf("the browser complains: %q", b.troubles)
	}
}

// asked calls the program inside the page as its script does.
func (b *tab) asked(pack, trust []byte) (exit int, report string) {
	b.t.Helper()
	var answer struct {
		Exit int
		JSON string
	}
	b.do(chromedp.Evaluate(fmt.Sprintf(`(() => {
		const of = (s) => Uint8Array.from(atob(s), (c) => c.charCodeAt(0));
		return marketopsVerify(of(%q), of(%q), "");
	})()`, base64.StdEncoding.EncodeToString(pack), base64.StdEncoding.EncodeToString(trust)), &answer))
	return answer.Exit, answer.JSON
}

// Every attack that the verifier knows gets the same report, to the byte, from the page.
func TestSameReportAsTheProgram(t *testing.T) {
	b := open(t)
	for _, a := range lifecycletest.Attacks {
		t.Run(a.Name, func(t *testing.T) {
			w := lifecycletest.New()
			a.Story(w)
			evidence, trust := w.PackBytes(), w.TrustBytes()
			exit, got := b.asked(evidence, trust)
			var told struct{ At marketops.Time }
			if err := json.Unmarshal([]byte(got), &told); err != nil {
				t.Fatal(err)
			}
			want, wantExit := natively(t, evidence, trust, told.At)
			if got != want || exit != wantExit {
				t.Errorf("the page says (exit %d)\n%s\nthe program (exit %d)\n%s", exit, got, wantExit, want)
			}
		})
	}
}

func natively(t *testing.T, evidence, trusted []byte, at marketops.Time) (string, int) {
	t.Helper()
	believed, err := trust.Parse(trusted)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pack.Read(strings.NewReader(string(evidence)), int64(len(evidence)))
	if err != nil {
		t.Fatal(err)
	}
	var s strings.Builder
	r := verifier.Verify(p, believed, at)
	if err := show.JSON(&s, r); err != nil {
		t.Fatal(err)
	}
	return s.String(), r.ExitCode()
}

// The policy refuses every way to fetch or send, even to code that an attacker got to run in the
// page. (No policy of a page can forbid code to leave it for another address.)
func TestPageCannotConnect(t *testing.T) {
	page := build(t)
	bare := regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`).ReplaceAll(page, nil)
	var leaks atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/page", func(w http.ResponseWriter, r *http.Request) { w.Write(page) })
	mux.HandleFunc("/bare", func(w http.ResponseWriter, r *http.Request) { w.Write(bare) })
	mux.HandleFunc("/leak", func(w http.ResponseWriter, r *http.Request) { leaks.Add(1) })
	server := httptest.NewServer(mux)
	defer server.Close()
	b := open(t)
	for try, run := range map[string]string{
		"fetch": "await fetch('/leak')", "image": "await new Promise((d) => Object.assign(new Image(), {onload: d, onerror: d, src: '/leak'}))",
		"beacon": "if (!navigator.sendBeacon('/leak', 'x')) throw 0", "request": "const x = new XMLHttpRequest(); x.open('GET', '/leak', false); x.send()",
		"frame": "await new Promise((d) => document.body.append(Object.assign(document.createElement('iframe'), {onload: d, onerror: d, src: '/leak'})))",
		"style": "await new Promise((d) => document.body.append(Object.assign(document.createElement('link'), {onload: d, onerror: d, rel: 'stylesheet', href: '/leak'})))",
	} {
		t.Run(try, func(t *testing.T) {
			b.t = t
			if n := b.leaked(server.URL+"/page", run, &leaks); n != 0 {
				t.Errorf("%d requests left the page", n)
			}
			if n := b.leaked(server.URL+"/bare", run, &leaks); n == 0 {
				t.Error("control: without the policy nothing left either")
			}
		})
	}
}

// leaked runs code in a page and counts what it sent. A beacon is sent after its call returned,
// which the control would show if the pause were too short.
func (b *tab) leaked(page, run string, leaks *atomic.Int64) int64 {
	b.t.Helper()
	before := leaks.Load()
	b.do(chromedp.Navigate(page))
	b.wait("Ready.")
	b.do(chromedp.Evaluate("(async () => { try { "+run+" } catch {} await new Promise((d) => setTimeout(d, 100)); return 0 })()", nil,
		func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return leaks.Load() - before
}
