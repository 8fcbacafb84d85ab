package importrules

// Required names packages that must be there: without them a rule would hold over nothing.
var Required = []string{".", "./crypto", "./crypto/signer", "./federation/core", "./federation/policy", "./federation/recorder", "./federation/server", "./internal/config", "./log/witness"}

const (
	cobra    = "github.com/spf13/cobra"
	goGitHub = "github.com/google/go-github/..."
	modernc  = "modernc.org/..."
	sigstore = "github.com/sigstore/..."
	tessera  = "github.com/transparency-dev/tessera/..."
)

// forTests are what only tests need.
var forTests = []string{"github.com/anishathalye/...", "github.com/chromedp/...", "github.com/getkin/..."}

// Rules are the import rules.
var Rules = []Rule{
	{
		Who: []string{".", "./crypto/fast", "./crypto", "./receipt/...", "./log", "./verifier/...", "./internal/cli/auditor/...", "./cmd/marketops-verify"},
		Not: []string{"net", "net/http", "os/exec", cobra, tessera, sigstore},
		Why: "an auditor runs it offline and reads all of it",
	}, {
		Who: []string{".", "./crypto", "./receipt/...", "./log/...", "./plan/...", "./publisher/...", "./federation/..."},
		Not: []string{"./crypto/fast", "./internal/canon/onepass"},
		Why: "gate and Core decide by one code path: the standard library verifies, the JSON library reads",
	}, {
		Who: []string{"./..."}, Except: []string{"./verifier/audit"}, Direct: true,
		Not: []string{"./crypto/fast", "./internal/canon/onepass"},
		Why: "the quick way to a record serves the audit alone, which opens a million of them",
	}, {
		Who: []string{"./plan/..."},
		Not: []string{"./publisher/...", "./federation/issue", "./federation/core", "./federation/recorder", "./crypto/signer"},
		Why: "a dry run cannot ship even if it is buggy",
	}, {
		Who: []string{"./publisher/..."},
		Not: []string{"./federation/issue", "./federation/core", "./federation/recorder", "./federation/server", "./plan/discover"},
		Why: "who acts cannot authorise itself",
	}, {
		Who: []string{"./federation/..."},
		Not: []string{"./publisher/..."},
		Why: "who authorises cannot act",
	}, {
		Who: []string{"./federation/..."},
		Not: []string{goGitHub},
		Why: "who authorises reads GitHub only behind plan/discover, wired in cmd/marketops-core",
	}, {
		Who: []string{"./federation/server"},
		Not: []string{"./federation/core", "./federation/recorder", "./log/tessera", "./log/claims"},
		Why: "transport only: it knows the Core through an interface of its own",
	}, {
		Who: []string{"./federation/recorder"},
		Not: []string{"./federation/api"},
		Why: "who writes the log has no transport",
	}, {
		Who: []string{"./federation/...", "./internal/cli/...", "./cmd/..."}, Except: []string{"./federation/recorder"}, Direct: true,
		Not: []string{"./log/tessera"},
		Why: "one package writes the log, federation/recorder",
	}, {
		Who: []string{"./federation/core", "./federation/recorder"}, Direct: true,
		Not: []string{"net", "net/http"},
		Why: "calls come and answers leave through federation/server",
	}, {
		Who: []string{"./log/witness/..."},
		Not: []string{"./publisher/...", "./federation/...", "./receipt", "./crypto/signer", "./log/tessera", "./log/claims"},
		Why: "a witness is independent: it knows logs, and nothing of what they are for",
	}, {
		Who: []string{"./log/witness"},
		Not: []string{"net", "net/http", "os/exec"},
		Why: "what may be signed is judged without a network; HTTP is log/witness/server's",
	}, {
		Who: []string{"./ui/..."},
		Not: []string{"./crypto/signer", "./publisher/...", "./federation/issue", "./federation/core", "./federation/recorder", "./federation/server"},
		Why: "a hole in the UI yields reading, nothing more",
	}, {
		Who: []string{"./cmd/marketops"},
		Not: []string{"./federation/issue", "./federation/core", "./federation/recorder", "./federation/server", "./log/tessera", "./log/claims", modernc},
		Why: "no issuing code on laptops",
	}, {
		Who: []string{"./cmd/marketops-core"},
		Not: []string{"./publisher/..."},
		Why: "the Core cannot act",
	}, {
		Who: []string{"./..."}, Except: []string{"./internal/test/...", "./internal/tools/..."},
		Not: []string{"./internal/test/...", "./internal/tools/...", "testing"},
		Why: "what ships has no test code, and so no switch of a test",
	}, {
		Who: []string{"./..."}, Except: []string{"./log/tessera"}, Direct: true,
		Not: []string{tessera},
		Why: "a heavy dependency lives in one room, log/tessera",
	}, {
		Who: []string{"./..."}, Except: []string{"./crypto/signer"}, Direct: true,
		Not: []string{sigstore, "golang.org/x/crypto/ssh/..."},
		Why: "a heavy dependency lives in one room, crypto/signer",
	}, {
		Who: []string{"./..."}, Except: []string{"./crypto", "./crypto/fast"}, Direct: true,
		Not: []string{"filippo.io/..."},
		Why: "arithmetic on the curve is done in one room, crypto/fast; crypto asks it whether a key is a point",
	}, {
		Who: []string{"./..."}, Except: []string{"./publisher/app", "./internal/test/..."}, Direct: true,
		Not: []string{"crypto/rsa"},
		Why: "the key of a GitHub App is used in one package, publisher/app; every other key is Ed25519",
	}, {
		Who: []string{"./plan/...", "./verifier/...", "./publisher/github/..."},
		Not: []string{"./publisher/app"},
		Why: "who plans or proves has no way to a write credential, and the port gets its own handed in",
	}, {
		Who: []string{"./publisher/..."}, Except: []string{"./publisher/github/internal/wire", "./publisher/app"}, Direct: true,
		Not: []string{"net", "net/http/...", "crypto/tls", goGitHub},
		Why: "the live port has one way to the network, publisher/github/internal/wire: what is not written there sends nothing; publisher/app mints its token by itself",
	}, {
		Who: []string{"./publisher/github/internal/wire"},
		Not: []string{"os/exec"},
		Why: "what talks to GitHub starts no program that could talk for it",
	}, {
		Who: []string{"./..."}, Direct: true, Tests: true,
		Not: forTests,
		Why: "what only tests need is a dependency of interop, a module of its own",
	}, {
		Who: []string{"./..."}, Direct: true, Tests: true,
		Not: []string{"log"},
		Why: "diagnostics go through log/slog; our own package log would be mistaken for it",
	},
}
