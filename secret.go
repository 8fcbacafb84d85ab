package marketops

import (
	"fmt"
	"io"
)

// Secret is text that never prints: every verb, JSON, text and so log/slog show "[secret]".
// The zero value is empty. It holds a pointer because fmt asks no methods of unexported
// members: in a struct that is printed it then shows an address instead of the text.
type Secret struct{ text *string }

// Hidden is what is shown in the place of a secret.
const Hidden = "[secret]"

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal returns the text itself, for the one place that needs it.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether there is no text.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// Format implements [fmt.Formatter] for every verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, Hidden) }

// String implements [fmt.Stringer].
func (s Secret) String() string { return Hidden }

// GoString implements [fmt.GoStringer].
func (s Secret) GoString() string { return Hidden }

// MarshalText implements [encoding.TextMarshaler].
func (s Secret) MarshalText() ([]byte, error) { return []byte(Hidden), nil }

// MarshalJSON implements [encoding/json.Marshaler].
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + Hidden + `"`), nil }
