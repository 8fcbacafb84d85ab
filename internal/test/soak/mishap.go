package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/omega/marketops/internal/test/testenv"
)

const (
	lifetime    = 125 * time.Minute // longer than any receipt of the soak
	landed      = 61 * time.Minute  // after an attempt, until a person may say that it failed
	mostExpired = 30                // times: a submission is stale after 7 days
	expiryRest  = 12 * time.Second
	longestWait = 8 * time.Second // of others, before they make something
)

// refusals are what GitHub says in passing, and finally if it says it often enough.
var refusals = []string{"status=401", "status=403 message=Resource not accessible by integration", "status=404", "status=422 message=Object does not exist", "status=500"}

// expire moves the clocks past the end of every receipt until the storm is over or no process works any more.
func (s *storm) expire(ctx context.Context, idle <-chan struct{}) error {
	random := rand.New(rand.NewPCG(s.seed, 1<<32))
	for int(s.expiries.Load()) < mostExpired {
		if !rest(ctx, idle, expiryRest/4+time.Duration(random.Int64N(int64(expiryRest)))) || s.over() {
			return nil
		}
		if err := s.clock.Pass(lifetime); err != nil {
			return err
		}
		s.expiries.Add(1)
	}
	return nil
}

// disturb lets GitHub refuse some calls, or a person revoke a receipt.
func (r *run) disturb(ctx context.Context) {
	if r.random.IntN(2) == 0 {
		where := [][2]string{{"POST", repository(r.random.IntN(4)) + "/git/refs"}, {"POST", repository(r.random.IntN(4)) + "/git/tags"}, {"POST", r.releases() + "/git/refs"},
			{"POST", r.releases() + "/releases"}, {"PATCH", r.releases() + "/releases/*"}, {"POST", repository(r.number) + "/pulls"}}[r.random.IntN(6)]
		line := fmt.Sprintf("%s /repos/%s status-before %d %s", where[0], where[1], 1+r.random.IntN(6), refusals[r.random.IntN(len(refusals))])
		if out, err := r.world.Run(ctx, "practice-github", "fault", "--admin", r.world.Admin, line); err != nil {
			r.fail(fmt.Errorf("%w\n%s", err, out))
		}
		r.refusals.Add(1)
	}
	if r.random.IntN(8) == 0 {
		v, err := r.show(ctx, r.random.IntN(2), 1+r.random.IntN(r.size))
		if err != nil {
			return // the Core may be away
		}
		if _, err := r.world.Run(ctx, "marketops", "revoke", v.Receipt.ReceiptID, "--reason", "the soak"); err == nil {
			r.revocations.Add(1)
		}
	}
}

// strangers make a tag in the place of one, and a draft for the release, after a while and in few runs. The tag stays.
func (r *run) strangers(ctx context.Context) *sync.WaitGroup {
	var all sync.WaitGroup
	ops, err := r.operations()
	if err != nil {
		r.fail(err)
		return &all
	}
	o, wait := ops[r.random.IntN(len(ops))], time.Duration(r.random.Int64N(int64(longestWait)))
	if r.random.IntN(3) != 0 || o.Kind == "open_pr" {
		return &all
	}
	all.Go(func() {
		if rest(ctx, nil, wait) {
			r.fail(r.intrude(ctx, o))
		}
	})
	return &all
}

func (r *run) intrude(ctx context.Context, o operation) error {
	if o.Kind == "publish_release" {
		var made struct{ ID int64 }
		status, err := r.call(ctx, "POST", o.Repository+"/releases", map[string]any{"tag_name": strings.TrimPrefix(o.Resource, "refs/tags/"), "name": "theirs", "draft": true}, &made)
		if err == nil && status == http.StatusCreated {
			r.intruded(func() { r.drafts = append(r.drafts, fmt.Sprintf("%s/releases/%d", o.Repository, made.ID)) })
		}
		return err
	}
	var main struct{ Object struct{ SHA string } }
	if status, err := r.call(ctx, "GET", o.Repository+"/git/ref/heads/main", nil, &main); err != nil || status != http.StatusOK {
		return fmt.Errorf("main of %s: %d %w", o.Repository, status, err)
	}
	status, err := r.call(ctx, "POST", o.Repository+"/git/refs", map[string]any{"ref": o.Resource, "sha": main.Object.SHA}, nil)
	if err == nil && status == http.StatusCreated { // otherwise the operation was quicker, or GitHub refused
		r.intruded(func() {
			r.hindered[o.Number] = true
			r.theirs = append(r.theirs, saw("ref-created", o.Repository, o.Resource))
		})
	}
	return err
}

func (r *run) intruded(did func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	did()
	r.others.Add(1)
}

// leave lets others remove their drafts.
func (r *run) leave(ctx context.Context) {
	r.mu.Lock()
	drafts := r.drafts
	r.drafts = nil
	r.mu.Unlock()
	for _, path := range drafts {
		if _, err := r.call(ctx, "DELETE", path, nil, nil); err != nil {
			r.fail(err)
		}
	}
}

// call is a call of another user to the practice GitHub.
func (r *run) call(ctx context.Context, method, path string, in, out any) (int, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return 0, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(r.world.API, "/")+"/repos/"+path, body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+testenv.Token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("User-Agent", "soak")
	req.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if out == nil || res.StatusCode >= 300 {
		return res.StatusCode, nil
	}
	return res.StatusCode, json.NewDecoder(res.Body).Decode(out)
}

// again finds out what became of receipts that ended, decides what is unknown, and asks for other receipts. A step
// that fails is repeated in the next round.
func (r *run) again(ctx context.Context) {
	if !r.ended || r.complete() {
		return
	}
	r.ended = false
	for copied := range 2 {
		r.once(ctx, "reconcile", copied, 0)
	}
	r.resolve(ctx)
	for copied := range 2 {
		dir := r.folder(copied)
		if _, err := r.world.Run(ctx, "marketops", "authorize", dir); err != nil { // they were revoked, or have ended
			_, _ = r.world.Run(ctx, "marketops", "approve", dir, "--key", "alice.pem")
			_, _ = r.world.Run(ctx, "marketops", "authorize", dir)
		}
	}
	r.repeats.Add(1)
}

// resolve lets a person look at GitHub, an hour after the last attempt. No process of the run is alive.
func (r *run) resolve(ctx context.Context) {
	ops, err := r.operations()
	if err != nil {
		return
	}
	for _, o := range ops {
		if !r.unknown[o.Number] {
			continue
		}
		seen, err := r.world.Effects(ctx)
		if err != nil || r.clock.Pass(landed) != nil {
			return
		}
		verdict := "failed"
		if o.isIn(seen) && !r.isHindered(o.Number) {
			verdict = "success"
		}
		for copied := range 2 {
			out, err := r.world.Run(ctx, "marketops", "reconcile", r.folder(copied), "--resolve", fmt.Sprint(o.Number), "--verdict", verdict, "--reason", "the soak looked")
			r.note(r.folder(copied), "resolve", fmt.Sprint(err), out)
		}
	}
}

// isHindered says that others hold the place of an operation, so that what is there is theirs.
func (r *run) isHindered(number int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hindered[number]
}

// isIn says that all of an operation is on GitHub.
func (o operation) isIn(seen []testenv.Effect) bool {
	n := 0
	for _, want := range o.visible() {
		for _, e := range seen {
			if e == want {
				n++
				break
			}
		}
	}
	return n == len(o.visible())
}
