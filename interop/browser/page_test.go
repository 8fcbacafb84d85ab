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
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/pack"
	"github.com/omega/marketops/verifier/show"
)

// patience ends a browser that hangs.
const patience = 10 * time.Minute

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
	ctx, stop = context.WithTimeout(ctx, patience)
	t.Cleanup(stop)
	b := &tab{dir: t.TempDir(), t: t}
	b.Context, stop = chromedp.NewContext(ctx, chromedp.WithListener(b.listen))
	t.Cleanup(stop)
	page := build(t)
	b.do(chromedp.Navigate("file://" + b.file("page.html", page)))
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
		b.troubles = append(b.troubles, fmt.Sprintf("%s, line %d", ev.ExceptionDetails.Text, ev.ExceptionDetails.LineNumber))
	case *log.EventEntryAdded:
		b.troubles = append(b.troubles, ev.Entry.Text)
	}
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// until returns when the expression holds in the page.
func (b *tab) until(expression string) {
	b.t.Helper()
	b.do(chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingTimeout(0)))
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
	b.until(fmt.Sprintf("document.getElementById('state').textContent.startsWith(%q)", state))
}

func (b *tab) choose(pack, trust []byte) {
	b.t.Helper()
	b.files++
	name := fmt.Sprintf("run%d.mopack", b.files) // a browser tells of no change where the name is the same
	b.do(chromedp.SetUploadFiles("#trust", []string{b.file(fmt.Sprintf("trust%d.json", b.files), trust)}))
	b.do(chromedp.SetUploadFiles("#pack", []string{b.file(name, pack)}))
	b.wait("Checked " + name)
}

func (b *tab) text(selector string) string {
	b.t.Helper()
	s, err := chromedp.Run(b, chromedp.TextContent(selector))
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// A person chooses two files and is told what marketops-verify would have said.
func TestPersonSeesTheReport(t *testing.T) {
	w := logworld.New()
	w.Publish()
	b := open(t)
	b.choose(w.PackBytes(), w.TrustBytes())
	if got := b.text("#verdict"); got != "✓ verified (unwitnessed): authorised and published" {
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
	b.do(chromedp.SetValue("#digest", marketops.DigestOf([]byte("another")).String()), chromedp.Evaluate[chromedp.Void]("document.getElementById('digest').dispatchEvent(new Event('change'))"))
	b.until("document.getElementById('verdict').textContent.endsWith(': trust-missing')")
	if len(b.troubles) > 0 {
		t.Errorf("the browser complains: %q", b.troubles)
	}
}

// asked calls the program inside the page as its script does.
func (b *tab) asked(pack, trust []byte) (exit int, report string) {
	b.t.Helper()
	type told struct {
		Exit int
		JSON string
	}
	answer, err := chromedp.Run(b, chromedp.Evaluate[told](fmt.Sprintf(`(() => {
		const of = (s) => Uint8Array.from(atob(s), (c) => c.charCodeAt(0));
		return marketopsVerify(of(%q), of(%q), "");
	})()`, base64.StdEncoding.EncodeToString(pack), base64.StdEncoding.EncodeToString(trust))))
	if err != nil {
		b.t.Fatal(err)
	}
	return answer.Exit, answer.JSON
}

// Every attack that the verifier knows gets the same report, to the byte, from the page.
func TestSameReportAsTheProgram(t *testing.T) {
	b := open(t)
	for _, a := range logworld.Attacks {
		t.Run(a.Name, func(t *testing.T) {
			w := logworld.New()
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
	leaks := make(chan string, 100)
	mux := http.NewServeMux()
	mux.HandleFunc("/page", func(w http.ResponseWriter, r *http.Request) { w.Write(page) })
	mux.HandleFunc("/bare", func(w http.ResponseWriter, r *http.Request) { w.Write(bare) })
	mux.HandleFunc("/leak", func(w http.ResponseWriter, r *http.Request) { leaks <- r.Method })
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
			b.attempt(server.URL+"/page", run)
			if n := len(leaks); n != 0 {
				t.Errorf("%d requests left the page", n)
			}
			b.attempt(server.URL+"/bare", run)
			select {
			case <-leaks:
			case <-b.Done():
				t.Fatal("control: without the policy nothing left either")
			}
		})
	}
}

// attempt runs code in a page. A beacon is sent after its call returned, so there is a pause in which it
// would be.
func (b *tab) attempt(page, run string) {
	b.t.Helper()
	b.do(chromedp.Navigate(page))
	b.wait("Ready.")
	b.do(chromedp.Evaluate[chromedp.Void]("(async () => { try { "+run+" } catch {} await new Promise((d) => setTimeout(d, 100)); return 0 })()", chromedp.EvalAwaitPromise))
}
