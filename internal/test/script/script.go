// Package script runs the users' stories under testdata/script: text files that call the real binaries
// against a real Federation Core and the practice GitHub, in a world of their own (package testenv).
//
// Beside the commands of testscript there are:
//
//	world [FLAG…]       start the practice GitHub, make the state folder and start the witnesses that were made
//	                    and the Core; write a small project. Without flags and witnesses the state was made
//	                    once for all stories; else init runs, with these flags. The persons' keys have no passphrase
//	world init [FLAG…]  the same, and the state folder is what init makes of it: the persons' keys are encrypted
//	state               only make that state folder, where the story is
//	witness new N       make the keys and addresses of N witnesses, before world
//	uncosign PACK OUT   copy a pack without the last cosignature of its checkpoint
//	witness start|stop|kill|log|latest I
//	                    the one of number I; what it said, or cosigned last, goes to witness.txt
//	core start|stop|kill   what one that stopped has said goes to core.txt
//	core refuses CODE   start one that must end with this exit code; core.txt has what it said
//	nexttrust [HOST…|replace OLD NEW]   put the next version in the place of trust.json, which names further hosts, or
//	                    says something else in one place
//	tls                 the Core that starts next answers over TCP, too: CORE is its address, core-ca.pem its certificate
//	person ID FILE [GROUP…]   the same, and it lists one more person, whose plain key is made in FILE
//	flood KIND DIR NAME KEY N CODE…   N calls as the owner of KEY, without the product's commands; each must be answered
//	                    with one of the codes, "ok" for those that are taken; see flood.go
//	core pause|resume   it stops answering, without an end of its connections, and answers again
//	authorised DIR      plan, submit, approve and authorize marketops.yaml into DIR
//	exits CODE CMD…     run a command and demand exactly this exit code
//	begin NAME CMD…     start a command; what it says goes to NAME.txt
//	await NAME TEXT     wait until it has said so
//	interrupt NAME      send it one Ctrl-C
//	ends NAME CODE      wait until it ends by itself, with exactly this exit code
//	pipe PATH           make a named pipe that has no writer; sparse PATH BYTES makes a file of that size without content
//	given PATH          give the file to another user; only where the condition [root] holds
//	small DIR           mount a file system of 96 MiB there; only where the condition [mount] holds
//	fill DIR KIB        leave so much free on it; unfill DIR gives the space back
//	effects N           the practice GitHub has changed exactly N times
//	await-effects N     wait until it has, for a command in the background
//	effect N TEXT       N things that happened on the practice GitHub begin with this
//	writes N            it has received exactly N requests that are not GET
//	fault LINE          script one mishap on the practice GitHub; faults demands that all have struck
//	await-faults        wait until all have struck, for a command in the background that a delay holds
//	release             what a mishap delays is delayed no longer
//	schema              nothing it received or answered broke GitHub's API description
//	github stop         the practice GitHub goes away
//	leaves N            the log has exactly N leaves under a verified checkpoint
//	leaf INDEX RECORD [PATH VALUE]   the record at INDEX is of this type, and its body says so
//	json FILE PATH [VALUE]           FILE is exactly one JSON object with this value there; see json.go
//	keep NAME FILE PATH              put that value into an environment variable
//	forge FILE OLD NEW               change the signed text inside an envelope and leave the signature alone
//	exec forge …                     the forger of records; see package badrecords
//	front NAME          an https server before the practice GitHub, under a certificate of NAME.pem; ${FRONT} in *.yaml
//	front unseen        no request has reached it since
//	app FILE            write the key of a GitHub App, which the practice GitHub of the next world knows
//	secretless PATH…    no file below these paths, or in a pack, holds the App's key, a JWT or a token of the App
//	rsakey FILE         write a private key of a kind that is not accepted
//	nowhere TEXT PATH…               no file below these paths holds the text
//	crawl NAME DIR      keep all that serve-log, begun as NAME, serves; nothing private is served beside it
//	unseen FILE PATH…   no line of FILE stands in a file below the paths, in any usual encoding or digest
//	unguessable PUBLIC RECORDS       right guesses at the records cannot be confirmed from what is public
//
// and those of the parity suite, see parity.go.
//
// A story may bring its own marketops.yaml (or any *.yaml): ${API} and ${UPLOADS} in it become the
// addresses of the practice GitHub. Nothing in a story waits for time to pass, and nothing measures how
// fast the machine is: what is waited for is an event, and only a hang takes as long as the limit.
package script

import (
	"context"
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omega/marketops/internal/test/testenv"
	"github.com/omega/marketops/internal/test/testmain"
	"github.com/rogpeppe/go-internal/testscript"
)

// coverVariable names a folder for coverage data of the binaries; make coverage sets it.
const coverVariable = "MARKETOPS_COVERDIR"

// limit is how long one story may take: only a hang does.
const limit = 2 * testenv.Patience

// atOnce is how many stories run side by side: they wait a little more than they compute.
const atOnce = "6"

// Command is a command of stories.
type Command = func(ts *testscript.TestScript, neg bool, args []string)

// Suite is a set of stories.
type Suite struct {
	Files    []string // the stories
	Binaries testenv.Variant
	Commands map[string]Command // beside those of this package
	Prepare  func(bin string) error
}

// built holds the folders of the binaries that were built for this process, by variant.
var built struct {
	sync.Mutex
	removed  bool // when the tests have ended
	dir      string
	variants map[string]bool
}

// Main is the TestMain of a package with stories.
func Main(m *testing.M) int {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", atOnce)
	}
	built.removed = true
	defer func() {
		if built.dir != "" {
			os.RemoveAll(built.dir)
		}
	}()
	return testmain.Run(m)
}

// binaries returns the folder of a variant's binaries, which are built for the first suite that asks.
func binaries(v testenv.Variant) (string, error) {
	built.Lock()
	defer built.Unlock()
	if !built.removed {
		return "", errors.New("a package with stories needs a TestMain that calls script.Main")
	}
	if built.dir == "" {
		dir, err := os.MkdirTemp("", "mo-bin")
		if err != nil {
			return "", err
		}
		built.dir, built.variants = dir, map[string]bool{}
	}
	dir := filepath.Join(built.dir, "bin-"+v.Name)
	if built.variants[v.Name] {
		return dir, nil
	}
	v.Cover = os.Getenv(coverVariable) != ""
	err := testenv.Build(context.Background(), dir, v)
	built.variants[v.Name] = err == nil
	return dir, err
}

// Run runs a suite, each story as a test of its name.
func Run(t *testing.T, s Suite) {
	bin, err := binaries(s.Binaries)
	if err == nil && s.Prepare != nil {
		err = s.Prepare(bin)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Files) == 0 {
		t.Fatal("no stories")
	}
	all := commands()
	maps.Copy(all, s.Commands)
	for _, file := range s.Files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			testscript.RunT(alone{t}, testscript.Params{
				Files: []string{file}, RequireExplicitExec: true, Deadline: time.Now().Add(limit),
				Setup: func(e *testscript.Env) error { return setup(e, t, bin) }, Condition: condition, Cmds: all,
			})
		})
	}
}

// alone runs the one story of a testscript in the test that is there already, so that each has its own limit.
type alone struct{ *testing.T }

func (alone) Parallel()                            {}
func (a alone) Run(_ string, f func(testscript.T)) { f(a) }
func (alone) Verbose() bool                        { return testing.Verbose() }

func commands() map[string]Command {
	return map[string]Command{
		"world": world, "state": makeStateHere, "core": core, "authorised": authorised, "exits": exits, "github": github, "witness": witness,
		"effects": effects, "await-effects": awaitEffects, "effect": effect, "writes": writes, "schema": schema,
		"fault": fault, "faults": faults, "await-faults": awaitFaults, "release": release, "front": front, "tls": overTLS, "app": appKey, "outsider": outsider,
		"begin": begin, "await": awaitTalk, "interrupt": interrupt, "ends": ends,
		"leaves": leaves, "leaf": leaf, "json": jsonAt, "keep": keep, "nowhere": nowhere, "secretless": secretless,
		"unzip": unzip, "crawl": crawl, "unseen": unseen, "unguessable": unguessable,
		"forge": forge, "rsakey": rsaKey, "uncosign": uncosign, "nexttrust": nextTrust, "small": small, "fill": fill, "unfill": unfill,
		"person": addPerson, "flood": flood,
		"pipe": pipe, "sparse": sparse, "given": given,
		"grant": grant, "refused": refused, "rehearsed": rehearsed, "published": published, "packed": packed, "audited": audited,
	}
}

type worldKey struct{}

// World is the world of a story.
func World(ts *testscript.TestScript) *testenv.World {
	return ts.Value(worldKey{}).(*story).World
}

// story is what the commands of one story share.
type story struct {
	*testenv.World
	begun map[string]*testenv.Server // by name
	front *fronted
}

func of(ts *testscript.TestScript) *story { return ts.Value(worldKey{}).(*story) }

// secrets are the variables of a story that only commands and the practice GitHub get.
var secrets = []string{"GITHUB_TOKEN", "READER_TOKEN", "MARKETOPS_PASSWORD"}

// setup gives each story a world and an environment in which only what is named here can matter.
func setup(e *testscript.Env, t *testing.T, bin string) error {
	w, err := testenv.New(testenv.Options{Bin: bin, Dir: e.WorkDir, Env: []string{"GOCOVERDIR=" + os.Getenv(coverVariable)},
		Secrets: []string{"GITHUB_TOKEN=canary-token-0123456789", "READER_TOKEN=canary-reader-9876543210", "MARKETOPS_PASSWORD="}})
	if err != nil {
		return err
	}
	for _, v := range append(w.Environment(), w.Secrets...) {
		name, value, _ := strings.Cut(v, "=")
		e.Setenv(name, value)
	}
	e.Values[worldKey{}] = &story{World: w, begun: map[string]*testenv.Server{}}
	e.Defer(func() {
		if t.Failed() {
			t.Log(w.Talk())
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return nil
}

// refresh takes over where the story is, and what it has done to the variables that its processes are given.
func (s *story) refresh(ts *testscript.TestScript) {
	for i, name := range secrets {
		s.Secrets[i] = name + "=" + ts.Getenv(name)
	}
	s.Dir = ts.MkAbs(".")
	s.Env = append(s.Env[:1], "HOME="+ts.Getenv("HOME"), "XDG_RUNTIME_DIR="+ts.Getenv("XDG_RUNTIME_DIR"))
	if ca := ts.Getenv("SSL_CERT_FILE"); ca != "" {
		s.Env = append(s.Env, "SSL_CERT_FILE="+ca)
	}
}
