package foreign

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/omega/marketops/internal/visible"
)

// ours begins the kind of every record of marketops: receipt.PredicatePrefix.
const ours = "https://github.com/omega/marketops/"

const cutOff = "JSON that is broken or cut off"

// members are those by which the formats are told apart. Each is raw, for a foreign file may have anything there.
type members map[string]jsontext.Value

func (m members) text(name string) string {
	var s string
	if json.Unmarshal(m[name], &s) != nil {
		return ""
	}
	if len(s) > 120 {
		s = s[:120]
	}
	return visible.Text(s)
}

func (m members) has(names ...string) bool {
	for _, n := range names {
		if _, ok := m[n]; !ok {
			return false
		}
	}
	return true
}

// object names JSON, or the first of several lines of it.
func object(text []byte) string {
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return ""
	}
	first, more := cutLine(text)
	var m members
	if json.Unmarshal(first, &m) != nil {
		if jsontext.Value(text).IsValid() {
			return "JSON of another tool"
		}
		return cutOff
	}
	what := m.name()
	if more {
		return "several lines of JSON, as gh attestation download writes them; the first is " + what
	}
	return what
}

// cutLine returns the first line where each line is JSON by itself, else the whole text.
func cutLine(text []byte) (first []byte, more bool) {
	line, rest, found := strings.Cut(string(text), "\n")
	if found && jsontext.Value(line).IsValid() && strings.TrimSpace(rest) != "" {
		return []byte(line), true
	}
	return text, false
}

func (m members) name() string {
	switch {
	case m.has("message", "documentation_url"):
		return fmt.Sprintf("GitHub's answer to a download that failed (%s)", m.text("message"))
	case strings.HasPrefix(m.text("mediaType"), "application/vnd.dev.sigstore.bundle"):
		return m.bundle()
	case m.has("base64Signature"):
		return "a bundle in cosign's old format"
	case m.has("payloadType", "payload", "signatures"):
		return "a bare DSSE envelope " + m.statement()
	case m.has("_type", "predicateType"):
		return "an in-toto statement (" + m.text("predicateType") + ") without a signature"
	case m.has("critical", "optional"):
		return "the payload of a cosign signature"
	case m.has("signed", "signatures"):
		return "metadata of TUF"
	case strings.HasPrefix(m.text("schema"), "marketops."):
		return "a file of marketops (" + m.text("schema") + ")"
	case m.has("spdxVersion"), m.has("bomFormat"):
		return "a list of components (SBOM)"
	case strings.HasPrefix(m.text("mediaType"), "application/vnd."):
		return "JSON of another tool (" + m.text("mediaType") + ")"
	case m.has("logIndex"), m.has("logID"):
		return "an entry of Rekor"
	case m.has("kty"):
		return "a key in JSON (JWK)"
	}
	return "JSON of another tool"
}

// bundle names a Sigstore bundle by what it signs.
func (m members) bundle() string {
	var envelope members
	switch {
	case json.Unmarshal(m["dsseEnvelope"], &envelope) == nil && envelope != nil:
		return "a Sigstore bundle " + envelope.statement()
	case m.has("messageSignature"):
		return "a Sigstore bundle with the signature of a file, as cosign sign-blob makes it"
	}
	return "a Sigstore bundle"
}

// statement names what an envelope holds.
func (m members) statement() string {
	raw, err := base64.StdEncoding.DecodeString(m.text64("payload"))
	var inner members
	if err == nil && json.Unmarshal(raw, &inner) == nil && inner.has("predicateType") {
		kind := inner.text("predicateType")
		switch {
		case strings.HasPrefix(kind, ours):
			return "with a record of marketops (" + kind + ")"
		case strings.HasPrefix(kind, "https://slsa.dev/provenance/"):
			return "about how something was built (" + kind + "), as GitHub's attestations are"
		}
		return "with a statement of another kind (" + kind + ")"
	}
	return "of the type " + m.text("payloadType")
}

func (m members) text64(name string) string {
	var s string
	_ = json.Unmarshal(m[name], &s)
	return s
}
