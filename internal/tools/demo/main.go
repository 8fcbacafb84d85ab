// Command demo shows the whole life of a run on the practice GitHub: plan, approve, authorise,
// publish, log, verify offline, and three attempts that are refused. Every step is a real binary;
// each command is printed before it runs, with what it means and what it answered. It exits
// non-zero if anything differs from what it says. docs/demo.txt is its output; -commands prints the
// command lines alone and runs nothing, which is how a test sees that the file is of today.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/omega/marketops/internal/test/testenv"
)

func main() {
	var d demo
	flag.BoolVar(&d.keep, "keep", false, "keep the folder in which everything happened")
	flag.BoolVar(&d.terse, "terse", false, "print no output of the commands")
	flag.BoolVar(&d.commands, "commands", false, "print the commands and run none of them")
	flag.Parse()
	d.out = os.Stdout
	if err := d.run(); err != nil {
		fmt.Fprintln(os.Stderr, "\ndemo: FAILED:", err)
		os.Exit(1)
	}
}

func (d *demo) run() (err error) {
	if d.bin, err = os.MkdirTemp("", "marketops-demo-"); err != nil {
		return err
	}
	defer os.RemoveAll(d.bin)
	if d.world, err = testenv.New(testenv.Options{Bin: d.bin}); err != nil {
		return err
	}
	defer func() {
		if d.world.Keep = d.keep || err != nil; d.world.Keep {
			fmt.Fprintln(d.out, "\neverything is in", d.world.Dir)
		}
		err = errors.Join(err, d.world.Close())
	}()
	for _, part := range []func() error{d.build, d.start, d.plan, d.authorise, d.attack, d.publish, d.replay, d.prove, d.count} {
		if err := part(); err != nil {
			return err
		}
	}
	fmt.Fprintln(d.out, `
What you saw: a tag and a release were planned without touching anything, approved by a second
person, authorised by single-use receipts, published exactly once, and every step, the refusals
included, stands in a log that was verified without any network. See README.md for the rest.`)
	return nil
}

func (d *demo) plan() error {
	d.chapter("Plan: nothing is sent")
	d.step("marketops plan -c marketops.yaml -o run", 0, "reads GitHub and the files, and writes down exactly what would be published", "2 operations")
	d.step("marketops plan show run", 0, "everything that GitHub will show, and the digest that a receipt will bind", "sha256:")
	d.effects(0, "planning changed nothing")
	return d.err
}

func (d *demo) authorise() error {
	d.chapter("Authorise: a second person says yes to exactly this")
	d.step("marketops submit run", 0, "the Federation Core reviews the plan under its own policy", "leaf")
	d.step("marketops authorize run", 12, "refused as yet: it names whose approval is missing (exit 12)", "approvers")
	d.step("marketops approve run --key alice.pem", 0, "alice signs the digest of the plan with her own key; the approval is in the log", "leaf")
	d.step("marketops authorize run", 0, "the authority signs one receipt per operation, each for one use within 24 hours", "receipt")
	d.step("marketops publish run", 0, "without --mode prod it is a trial run: the whole gate, and nothing is sent; without a read token GitHub is not asked", "every check but the mode's passed")
	d.effects(0, "authorising changed nothing")
	return d.err
}

func (d *demo) attack() error {
	d.chapter("An attack: the file is swapped after it was authorised")
	d.sh("cp -r run replay", "for later: a thief copies the run with its receipts")
	asset := d.world.Path("dist", "widget.tar.gz")
	good, err := os.ReadFile(asset)
	if err != nil {
		return err
	}
	if err := os.WriteFile(asset, append([]byte("evil"), good...), 0o644); err != nil {
		return err
	}
	d.step("marketops publish run --mode prod", 10, "refused: the file is not the one that was authorised; the refusal is signed and logged", "content-mismatch")
	d.effects(0, "not one byte was sent")
	return errors.Join(d.err, os.WriteFile(asset, good, 0o644))
}

func (d *demo) publish() error {
	d.chapter("Publish: exactly that, exactly once")
	d.step("marketops publish run --mode prod", 0, "claim and intent become public, then GitHub is called, then the outcome is logged", "success")
	d.effects(-1, "what GitHub saw: the draft, its files, the tag, and the draft made public")
	before := d.seen
	d.step("marketops publish run --mode prod", 0, "typing it again publishes nothing twice", "already published")
	d.effects(before, "nothing was sent again")
	return d.err
}

func (d *demo) replay() error {
	d.chapter("Two more attacks: replay")
	before := d.seen
	d.step("marketops publish replay --mode prod", 10, "the stolen copy is refused: the receipts are spent", "consumed")
	d.step("marketops plan -c next.yaml -o next", 0, "another run, for the next version", "1 operation")
	d.sh("mkdir -p next/receipts && cp run/receipts/* next/receipts/ && cp -r run/submission* run/approvals next/", "the old receipts are put into the new run")
	d.step("marketops publish next --mode prod", 10, "refused: a receipt is bound to its run", "run-mismatch")
	d.effects(before, "neither sent anything")
	return d.err
}

func (d *demo) prove() error {
	d.chapter("Prove: what a stranger can check, offline")
	d.step("marketops pack run -o widgets.mopack", 0, "one file with all the evidence of the run", "mopack")
	d.step("marketops-verify widgets.mopack --trust .marketops/trust.json", 0, "verified from the pack and the trust file alone; this binary has no network code", "verified")
	d.step("marketops-verify audit --log .marketops/log --records .marketops/records --operations .marketops/documents --trust .marketops/trust.json", 0,
		"the whole log: every signature, proof, order and single use", "verified")
	d.sh(`dd if=/dev/zero of=widgets.mopack bs=1 count=40 seek=$(($(wc -c < widgets.mopack) / 2)) conv=notrunc 2>/dev/null`, "a few bytes of the pack are changed")
	d.step("marketops-verify widgets.mopack --trust .marketops/trust.json", 11, "and it no longer verifies (exit 11)", "failed")
	return d.err
}

func (d *demo) count() error {
	d.chapter("What the practice GitHub saw")
	d.step("practice-github requests --admin "+d.world.Admin, 0, "every request of every command above, in order", "POST")
	d.step("practice-github violations --admin "+d.world.Admin, 0, "none of them, and no answer, broke GitHub's own API description", "")
	return d.err
}
