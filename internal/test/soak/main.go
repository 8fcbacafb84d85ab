// Command soak publishes many runs on the practice GitHub while it kills, with SIGKILL and at random
// moments, the publishers and the Federation Core, and then asks an independent checker whether
// anything happened twice, not at all, or otherwise than the log says.
//
//	go run ./internal/test/soak [-short] [-unpaced] [-kills N] [-ops N] [-seed S] [-for DURATION]
//
// # What happens
//
// Several workers take one run after the other: plan, submit, approve, authorize, and a copy of the
// run's folder. Then each publishes its run again and again, from the folder or from the copy, at times
// with a rival in the other folder or in the same one, at times with reconcile in place of publish; most
// of these processes are killed after a random delay. Beside them the Core is killed and started again.
// After the last kill every run is published undisturbed until publishers say that all of it is done.
// New runs are made as long as kills are owed, so there are at least as many operations as asked for.
//
// Besides, at random,
//
//   - every receipt expires at once: the clocks of all processes are moved past the end;
//   - GitHub refuses a call with 401, 403, 404, 422 or 500, in passing, or so often that it counts;
//   - others make a tag in the place of one, which stays, or a draft of a release, which they remove in the end;
//   - a person revokes a receipt.
//
// Where a receipt has ended, reconcile finds out how; a person decides what stays unknown by what GitHub
// holds; and the run is authorised again, with a new approval only if the old one serves no more.
//
// # What is checked
//
// The checker shares no code with the product; it does ask its auditor and its Core. It compares, for each operation,
//
//   - what the practice GitHub saw: the tag, the release or the pull request was made exactly once;
//   - the leaves: entry bundles and record store are read here, records counted by their SHA-512. There is
//     at most one outcome for each receipt; one of them says success if and only if GitHub has all of the
//     operation; what they say of each effect, one after the other, is what GitHub holds; and there is at most
//     one claim and one intent for each epoch of a receipt. That the log as a whole is in order is what marketops-verify audit says;
//   - the claims: marketops receipt show says of the newest receipt that it is closed, with the outcome of the leaf.
//
// A double is a visible effect that happened twice, a second outcome of a receipt, a second success, or an epoch
// that was given twice. Lost is an operation without effect or without a closed success, unless others hold its
// place. A false outcome says something else than GitHub holds. Unlogged is an effect that no operation asked for
// and no other user made, or one whose claim, intent or outcome the log does not tell.
//
// # Bounds
//
// The kills end after -for at the latest, what follows has settleWait. The same seed gives the same
// delays and the same choices of every worker; which instruction a signal meets is the machine's.
// If anything is not as it must be, or fewer kills struck than were asked for, the exit code is 1 and
// the folder stays. After a kill in the middle of a call to GitHub the next publisher looks for its
// effect after every pause of the protocol, which is a minute; with -unpaced, which builds marketops with
// patches.Fast besides patches.Clock, it does not pause so long. Only processes started here are signalled, each through its own handle.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/omega/marketops/internal/test/testenv"
)

type options struct {
	kills, ops, workers int
	seed                uint64
	limit               time.Duration
	keep, short         bool
	unpaced             bool
}

func main() {
	var o options
	flag.IntVar(&o.kills, "kills", 500, "SIGKILLs that must strike, of publishers and the Core together")
	flag.IntVar(&o.ops, "ops", 300, "operations to publish at least")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "of all random choices")
	flag.DurationVar(&o.limit, "for", 2*time.Hour, "no kill after this long")
	flag.IntVar(&o.workers, "workers", 6, "runs published at one time")
	flag.BoolVar(&o.keep, "keep", false, "keep the folder in any case")
	flag.BoolVar(&o.unpaced, "unpaced", false, "publishers that do not wait: no pace for GitHub, no minute of doubt")
	flag.BoolVar(&o.short, "short", false, "at least 30 kills and 12 operations, unpaced")
	flag.Parse()
	if o.short {
		o.kills, o.ops, o.unpaced = 30, 12, true
	}
	if flag.NArg() > 0 || o.kills < 1 || o.ops < 1 || o.workers < 1 || o.limit <= 0 {
		flag.Usage()
		os.Exit(64)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := soak(ctx, o); err != nil {
		fmt.Fprintf(os.Stderr, "soak: FAILED with -seed %d: %v\n", o.seed, err)
		os.Exit(1)
	}
}

func soak(ctx context.Context, o options) (err error) {
	fmt.Printf("seed %d, at least %d kills and %d operations\n", o.seed, o.kills, o.ops)
	bin, err := os.MkdirTemp("", "mo-bin")
	if err != nil {
		return err
	}
	defer os.RemoveAll(bin)
	binaries := testenv.Timed
	if o.unpaced {
		binaries = testenv.FastTimed
	}
	if err := testenv.Build(ctx, bin, binaries); err != nil {
		return err
	}
	w, err := testenv.New(testenv.Options{Bin: bin, Repos: repos[:], Flags: []string{"--limit", "10000000"}})
	if err != nil {
		return err
	}
	defer func() {
		if w.Keep = err != nil || o.keep; w.Keep {
			fmt.Println("everything is in", w.Dir)
		}
		err = errors.Join(err, w.Close())
	}()
	clock := w.NewClock()
	if err := start(w); err != nil {
		return err
	}
	began := time.Now()
	s := &storm{options: o, world: w, clock: clock, end: began.Add(o.limit)}
	runs, err := s.rage(ctx)
	if err != nil {
		return err
	}
	found, err := check(ctx, w, runs)
	if err != nil {
		return err
	}
	fmt.Printf("kills: %d of publishers, %d of the Core; %d operations (%s) in %d runs, %d processes, %s\n", s.publishers.Load(), s.cores.Load(),
		len(found.operations), found.kinds(), len(runs), w.Processes.Load(), time.Since(began).Round(time.Second))
	fmt.Printf("besides: receipts expired %d times, %d refusals of GitHub, %d tags and drafts of others, %d revocations; authorised again %d times, for %d receipts\n",
		s.expiries.Load(), s.refusals.Load(), s.others.Load(), s.revocations.Load(), s.repeats.Load(), found.receipts())
	fmt.Println(found)
	if n := int(s.publishers.Load() + s.cores.Load()); n < o.kills {
		return errors.Join(found.err(), fmt.Errorf("only %d of %d kills in %s: give more time with -for", n, o.kills, o.limit))
	}
	return found.err()
}

// repos are those that the practice GitHub has from the beginning.
var repos = [...]string{"octo-org/soak-0", "octo-org/soak-1", "octo-org/soak-2", "octo-org/soak-3"}

func repository(i int) string { return repos[i%len(repos)] }

// wider lets more receipts live at one time than one person needs on one day.
var wider = []string{"max_receipts_per_repository: 20", "max_receipts_per_repository: 10000", "max_submissions_per_day: 500", "max_submissions_per_day: 10000", "max_submissions_per_person: 100", "max_submissions_per_person: 10000"}

func start(w *testenv.World) error {
	if err := w.StartGitHub(); err != nil {
		return err
	}
	if err := w.MakeState(); err != nil {
		return err
	}
	if err := w.EditCore(wider...); err != nil {
		return err
	}
	return w.StartCore()
}
