// Command page is marketops-verify for a browser: the same packages as WebAssembly, called by the
// page that internal/tools/page builds around it.
//
// It defines one function for the page's script:
//
//	marketopsVerify(pack, trust Uint8Array, digest string) → {exit: number, json, text: string}
//
// An empty trust is none, and an empty digest pins nothing. The answer is that of
// marketops-verify with the same files: its exit code, what --json prints and what it prints
// without. Like the program it reads no network, and the page forbids it one.
package main

import (
	"bytes"
	"errors"
	"strings"
	"syscall/js"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/pack"
	"github.com/omega/marketops/verifier/show"
)

func main() {
	js.Global().Set("marketopsVerify", js.FuncOf(func(_ js.Value, args []js.Value) any {
		return answer(judge(copyBytes(args[0]), copyBytes(args[1]), args[2].String()))
	}))
	select {} // a program that ends takes its functions with it
}

func copyBytes(v js.Value) []byte {
	b := make([]byte, v.Length())
	js.CopyBytesToGo(b, v)
	return b
}

func answer(r *verifier.Report) map[string]any {
	var object, text strings.Builder
	show.JSON(&object, r) // a strings.Builder takes everything
	show.Text(&text, r, show.Options{})
	return map[string]any{"exit": r.ExitCode(), "json": object.String(), "text": text.String()}
}

// judge is the path of marketops-verify, with bytes for files.
func judge(evidence, trust []byte, digest string) *verifier.Report {
	t, err := loadTrust(trust, digest)
	if err != nil {
		return verifier.Refused(verifier.OfPack, verifier.CheckTrust, t, err)
	}
	p, err := pack.Read(bytes.NewReader(evidence), int64(len(evidence)))
	if err != nil {
		if r := verifier.RefusedForeign(verifier.OfPack, evidence, t); r != nil && marketops.CodeOf(err) == marketops.PackMalformed {
			return r
		}
		return verifier.Refused(verifier.OfPack, verifier.CheckPack, t, err)
	}
	return verifier.Verify(p, t, marketops.TimeOf(time.Now()))
}

func loadTrust(data []byte, digest string) (*trust.Trust, error) {
	if len(data) == 0 {
		return nil, marketops.Refuse(marketops.TrustMissing, "no trust file; nothing in the evidence itself says whom to believe")
	}
	t, err := trust.Parse(data)
	if err != nil || digest == "" {
		return t, err
	}
	var pin verifier.Pin
	if pin.Digest, err = marketops.ParseDigest(digest); err == nil && pin.Digest.IsZero() {
		err = errors.New("a digest of zeros pins nothing")
	}
	if err != nil {
		return t, marketops.RefuseErr(marketops.TrustMissing, "the expected digest cannot be read", err)
	}
	return t, pin.Check(t)
}
