package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/omega/marketops/internal/test/testenv"
)

const (
	perRun      = 7
	topic       = "topic/"        // begins the names of branches that are there before the run
	longestLife = 3 * time.Second // of a publisher that is to be killed
	calmTries   = 40
	mostPlans   = 20
	refusedCode = 10 // exit code
	retryRest   = 300 * time.Millisecond
)

// run is one authorised run in two folders.
type run struct {
	*storm
	number  int
	size    int        // operations
	random  *rand.Rand // used by the worker alone
	kills   atomic.Int64
	settled bool

	theirs   []testenv.Effect // made by others
	hindered map[int]bool     // operations whose place others hold
	drafts   []string         // that others made, and will remove
	done     map[int]bool     // operations that a process called a success
	ended    bool             // a process said that a receipt is of no use any more
	unknown  map[int]bool     // operations of which a person must decide
}

func (r *run) folder(copied int) string { return fmt.Sprintf("run-%03d-%d", r.number, copied) }

// releases is a repository of the run's own, because releases of one repository compete for being latest.
func (r *run) releases() string { return fmt.Sprintf("octo-org/release-%d", r.number) }

func (r *run) topic() string { return fmt.Sprintf("%s%d", topic, r.number) }

// prepare plans and authorises, while the Core may be killed: each step is repeated until it is done.
func (r *run) prepare(ctx context.Context) error {
	config := fmt.Sprintf("run-%03d.yaml", r.number)
	if err := r.write(config); err != nil {
		return err
	}
	if out, err := r.world.Run(ctx, "practice-github", "repo", "add", "--admin", r.world.Admin, r.releases()); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	if out, err := r.world.Run(ctx, "practice-github", "repo", "commit", "--admin", r.world.Admin, "--branch", r.topic(),
		repository(r.number), fmt.Sprintf("topic-%d=%d", r.number, r.number)); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	err := r.authorise(ctx, config)
	for again := 0; err != nil && again < mostPlans && ctx.Err() == nil; again++ {
		// A Core killed between taking a submission or approval and answering refuses it ever after: plan again.
		os.RemoveAll(r.world.Path(r.folder(0)))
		err = r.authorise(ctx, config)
	}
	if err != nil {
		return err
	}
	return os.CopyFS(r.world.Path(r.folder(1)), os.DirFS(r.world.Path(r.folder(0))))
}

func (r *run) authorise(ctx context.Context, config string) error {
	dir := r.folder(0)
	for _, args := range [][]string{{"plan", "-c", config, "-o", dir}, {"submit", dir}, {"approve", dir, "--key", "alice.pem"}, {"authorize", dir}} {
		if err := r.insist(ctx, args); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) insist(ctx context.Context, args []string) error {
	for try := 1; ; try++ {
		out, err := r.world.Run(ctx, "marketops", args...)
		if err == nil {
			return nil
		}
		var exited *exec.ExitError
		refused := errors.As(err, &exited) && exited.ExitCode() == refusedCode // and ever after
		if refused || try == calmTries || ctx.Err() != nil {
			return fmt.Errorf("run %d: %w, %d times\n%s", r.number, err, try, out)
		}
		rest(ctx, nil, retryRest)
	}
}

// publish lets publishers come and be killed until they say of everything that it is done.
func (r *run) publish(ctx context.Context) {
	strangers := r.strangers(ctx)
	for calm, tries := 0, 0; ctx.Err() == nil && calm < calmTries && !r.settled; {
		if r.over() || r.kills.Load() >= maxRunKills {
			strangers.Wait()
			if r.over() { // until then the Core may yet be killed under every try
				calm++
			}
			tries++
			r.leave(ctx)
			r.once(ctx, "publish", tries%2, 0)
			r.again(ctx)
			r.settled = r.complete()
			rest(ctx, nil, time.Duration(min(calm, 10))*retryRest)
			continue
		}
		r.disturb(ctx)
		r.disturbed(ctx, r.random.IntN(2))
		r.again(ctx)
		r.settled = r.complete()
	}
	strangers.Wait()
	r.leave(ctx)
}

// complete says that every operation is done whose place is free.
func (r *run) complete() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for n := range r.size {
		if !r.done[n+1] && !r.hindered[n+1] {
			return false
		}
	}
	return true
}

// disturbed is one round of one to three processes at a time, most of them killed.
func (r *run) disturbed(ctx context.Context, first int) {
	type order struct {
		verb   string
		folder int
		life   time.Duration
	}
	orders := []order{{"publish", first, r.life()}}
	if r.kills.Load() == 0 || r.random.IntN(3) == 0 { // as long as nothing is done the copy is as good as the folder
		orders = append(orders, order{"publish", 1 - first, r.life()})
	}
	if r.random.IntN(6) == 0 {
		orders = append(orders, order{[]string{"publish", "reconcile"}[r.random.IntN(2)], first, r.life()})
	}
	var all sync.WaitGroup
	for _, o := range orders {
		all.Go(func() { r.once(ctx, o.verb, o.folder, o.life) })
	}
	all.Wait()
}

// life is how long a process may live; 0 is as long as it likes.
func (r *run) life() time.Duration {
	d := time.Duration(1 + r.random.Int64N(int64(longestLife)))
	if r.random.IntN(6) == 0 {
		return 0
	}
	return d
}

// once runs publish or reconcile and kills it when its life is over.
func (r *run) once(ctx context.Context, verb string, copied int, life time.Duration) {
	dir := r.folder(copied)
	args := []string{verb, dir, "--quiet", "--json"}
	if verb == "publish" {
		args = append(args, "--mode", "prod", "--keep-going")
	}
	ctx, cancel := context.WithTimeout(ctx, testenv.Patience)
	defer cancel()
	c := r.world.Command(ctx, "marketops", args...)
	var out, talk bytes.Buffer
	c.Stdout, c.Stderr = &out, &talk
	if err := c.Start(); err != nil {
		r.fail(err)
		return
	}
	r.world.Processes.Add(1)
	var struck atomic.Bool
	if life > 0 {
		defer time.AfterFunc(life, func() { struck.Store(c.Process.Kill() == nil) }).Stop()
	}
	_ = c.Wait() // what it says is read, and how it ended is noted
	if struck.Load() && testenv.Killed(c.ProcessState) {
		r.publishers.Add(1)
		r.kills.Add(1)
	}
	r.hear(out.Bytes())
	r.note(dir, verb, c.ProcessState.String(), append(out.Bytes(), talk.Bytes()...))
}

// hear takes from what a process said what became of each operation. One that was killed said nothing.
func (r *run) hear(out []byte) {
	var v struct {
		Operations []struct {
			Number int
			Status string
		}
	}
	_ = json.NewDecoder(bytes.NewReader(out)).Decode(&v) // what cannot be read is asked again
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range v.Operations {
		r.unknown[o.Number] = o.Status == "unknown"
		switch o.Status {
		case "success":
			r.done[o.Number] = true
		case "rejected", "failed", "unknown", "refused":
			r.ended = true
		}
	}
}

// note adds to the run's diary, for whoever looks into the folder afterwards.
func (r *run) note(dir, verb, end string, out []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, err := os.OpenFile(r.world.Path(fmt.Sprintf("run-%03d.diary", r.number)), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		r.failures = append(r.failures, err)
		return
	}
	defer f.Close()
	fmt.Fprintf(f, "%s %s %s: %s\n%s\n", time.Now().Format("15:04:05.000"), verb, dir, end, out)
}

// write makes what the run publishes: tags, a release with a file, a pull request for a branch that is
// there and one that brings its own.
func (r *run) write(config string) error {
	dist := fmt.Sprintf("dist-%03d", r.number)
	for name, text := range map[string]string{dist + "/asset.txt": "asset of " + dist + "\n", dist + "/CHANGELOG.md": dist + "\n", config: r.config(dist)} {
		path := r.world.Path(name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) config(dist string) string {
	text := fmt.Sprintf("version: 1\ngithub:\n  api: %s\n  uploads: %s\npublications:\n", r.world.API, r.world.Uploads)
	for i := range perRun - 3 {
		text += fmt.Sprintf("  - kind: tag_repo\n    repository: %s\n    tag: v%d.%d.0\n    target: main\n    message: tag %d\n"+
			"    tagger: {name: Release Bot, email: release@example.com}\n", repository(i), r.number+1, i, i)
	}
	text += fmt.Sprintf("  - kind: publish_release\n    repository: %s\n    tag: v%d.100.0\n    target: main\n    name: Release %d\n"+
		"    make_latest: \"true\"\n    assets: [\"%s/asset.txt\"]\n", r.releases(), r.number+1, r.number, dist)
	text += fmt.Sprintf("  - kind: open_pr\n    repository: %s\n    base: main\n    head: %s\n    title: Topic %d\n", repository(r.number), r.topic(), r.number)
	return text + fmt.Sprintf("  - kind: open_pr\n    repository: %s\n    base: main\n    head: release/%d\n    title: Prepare %d\n"+
		"    changes: [{path: CHANGELOG.md, file: %s/CHANGELOG.md}]\n", repository(r.number+1), r.number+1, r.number, dist)
}

// operations reads from the run's plan what it was authorised to do.
func (r *run) operations() ([]operation, error) {
	var p struct{ Operations []operation }
	b, err := os.ReadFile(r.world.Path(r.folder(0), "plan.json"))
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err == nil && len(p.Operations) != r.size {
		err = fmt.Errorf("run %d has %d operations, not %d", r.number, len(p.Operations), r.size)
	}
	return p.Operations, err
}
