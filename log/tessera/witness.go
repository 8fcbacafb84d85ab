package tessera

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
)

// Limits of asking witnesses.
const (
	witnessTimeout   = 5 * time.Second  // for one answer of one witness; all are asked at once
	quorumTimeout    = 12 * time.Second // for one checkpoint: two answers of the slowest, who tells its size first
	maxWitnessAnswer = 8 << 10          // bytes; a cosignature has some 200
)

// unsatisfied is how Tessera's errors say that too few witnesses cosigned; it formats the cause away.
const unsatisfied = "witness policy was not satisfied"

// witnesses is the transport through which Tessera asks the witnesses of a policy. It bounds what
// they answer and remembers what is wrong with each, for the operator and for the errors of those
// who wait. A nil one asks nobody.
type witnesses struct {
	base   http.RoundTripper
	policy *log.Policy
	names  map[string]string // by the URL that is asked

	mu      sync.Mutex
	trouble map[string]string // by name; guarded by mu
}

// newWitnesses demands what Tessera needs to ask everybody: it keeps its witnesses by their URL, and
// would forget all but one of those that share it.
func newWitnesses(p *log.Policy) (*witnesses, error) {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.ResponseHeaderTimeout = witnessTimeout
	base.Proxy = nil // a proxy of the environment would decide who is asked
	w := &witnesses{base: base, policy: p, names: map[string]string{}, trouble: map[string]string{}}
	for _, party := range p.Witnesses() {
		u, err := url.Parse(party.URL)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("the witness %s has no URL at which it could be asked", party.Name)
		}
		key := u.JoinPath("add-checkpoint").String()
		if other, twice := w.names[key]; twice {
			return nil, fmt.Errorf("the witnesses %s and %s have one URL", other, party.Name)
		}
		w.names[key] = party.Name
	}
	return w, nil
}

// client follows no redirect: a witness is where the policy says.
func (w *witnesses) client() *http.Client {
	if w == nil {
		return nil
	}
	return &http.Client{Transport: w, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// RoundTrip implements [http.RoundTripper].
func (w *witnesses) RoundTrip(r *http.Request) (*http.Response, error) {
	name := w.names[r.URL.String()]
	ctx, cancel := context.WithTimeout(r.Context(), witnessTimeout) // each its own
	defer cancel()
	answer, err := w.base.RoundTrip(r.WithContext(ctx))
	var body []byte
	if err == nil {
		body, err = io.ReadAll(io.LimitReader(answer.Body, maxWitnessAnswer))
		answer.Body.Close()
	}
	switch {
	case errors.Is(err, context.Canceled): // others were faster, or the log is closed
	case err != nil:
		w.note(name, err.Error())
	default:
		w.note(name, w.fault(name, r, answer, body))
	}
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}

// fault says what is wrong with an answer, "" for nothing.
func (w *witnesses) fault(name string, r *http.Request, answer *http.Response, body []byte) string {
	if answer.StatusCode == http.StatusConflict && answer.Header.Get("Content-Type") == "text/x.tlog.size" {
		return "" // Tessera asks again from that size
	}
	switch answer.StatusCode {
	case http.StatusOK:
	case http.StatusConflict, http.StatusUnprocessableEntity: // for another root one says 409, by the page before July 2026, or 422
		return "it answered " + answer.Status + ": this log does not extend the one that it cosigned"
	default:
		return "it answered " + answer.Status
	}
	if sent, err := r.GetBody(); err == nil {
		b, _ := io.ReadAll(sent)
		_, checkpoint, _ := bytes.Cut(b, []byte("\n\n"))
		for _, c := range w.policy.Cosignatures(append(checkpoint, body...)) {
			if c.Name == name {
				return ""
			}
		}
	}
	return "its answer is no cosignature by its key"
}

// note tells the operator when a witness's trouble begins, changes and ends.
func (w *witnesses) note(name, trouble string) {
	w.mu.Lock()
	before := w.trouble[name]
	w.trouble[name] = trouble
	w.mu.Unlock()
	switch {
	case trouble == before:
	case trouble == "":
		slog.Info("witness answers again", "witness", name)
	default:
		slog.Warn("witness", "witness", name, "err", trouble)
	}
}

// troubles lists what is wrong, "" for nothing known.
func (w *witnesses) troubles() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for name, t := range w.trouble {
		if t != "" {
			out = append(out, name+": "+t)
		}
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

// quorum gives the code for missing cosignatures to errors of a log with witnesses.
func (w *witnesses) quorum(err error) error {
	if w == nil || marketops.CodeOf(err) != marketops.LogUnavailable || !errors.Is(err, context.DeadlineExceeded) && !strings.Contains(err.Error(), unsatisfied) {
		return err
	}
	f := &marketops.Failure{Code: marketops.QuorumUnmet, What: "no checkpoint was cosigned by " + w.policy.Quorum() + " witnesses in time", State: "entries are kept, and published once enough witnesses answer"}
	if t := w.troubles(); t != "" {
		f.Err = errors.New(t)
	}
	return f
}

// outdate lets Tessera publish at once where the published checkpoint does not meet the policy, after
// witnesses were added: it would otherwise wait until the log grows. The file is not removed,
// because the guard's memory rests on it.
func outdate(path string, p *log.Policy) error {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := p.Open(raw); !errors.Is(err, marketops.QuorumUnmet) {
		return nil
	}
	return os.Chtimes(path, time.Time{}, time.Unix(0, 0))
}
