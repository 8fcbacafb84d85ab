package testenv

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// told are the statements of one receipt, by what the log calls them.
func told(kind string, epoch int64, status string) []byte {
	return fmt.Appendf(nil, `{"predicateType":"https://example.com/%s/v1","predicate":{"receipt_id":"c-1","epoch":%d,"status":%q}}`, kind, epoch, status)
}

// history writes a log of these statements, with the record of each, and returns both folders.
func history(t *testing.T, payloads ...[]byte) (logDir, records string) {
	t.Helper()
	logDir, records = t.TempDir(), t.TempDir()
	var bundle []byte
	for _, payload := range payloads {
		sum := sha512.Sum512(fmt.Appendf(nil, "DSSEv1 4 text %d %s", len(payload), payload))
		digest := base64.StdEncoding.EncodeToString(sum[:])
		leaf := fmt.Appendf(nil, `{"spec":{"hashedRekordV002":{"data":{"digest":%q}}}}`, digest)
		bundle = append(binary.BigEndian.AppendUint16(bundle, uint16(len(leaf))), leaf...)
		env, err := json.Marshal(map[string]any{"payloadType": "text", "payload": payload})
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(records, fmt.Sprintf("%x.json", sum[:8])), env)
	}
	put(t, filepath.Join(logDir, "checkpoint"), fmt.Appendf(nil, "o\n%d\nroot\n", len(payloads)))
	put(t, filepath.Join(logDir, "tile", "entries", "000.p", fmt.Sprint(len(payloads))), bundle)
	return logDir, records
}

func put(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestAccounts: what the log tells is read off the disk, the wrong along with the right.
func TestAccounts(t *testing.T) {
	claim, intent, success := told("claim", 1, ""), told("intent", 1, ""), told("outcome", 1, "success")
	for _, c := range []struct {
		name string
		log  [][]byte
		want Account
	}{
		{"control", [][]byte{claim, intent, success}, Account{Claims: []int64{1}, Intents: []int64{1}, Outcomes: []string{"success"}}},
		{"one leaf twice", [][]byte{claim, intent, success, success}, Account{Claims: []int64{1}, Intents: []int64{1}, Outcomes: []string{"success"}}},
		{"two outcomes", [][]byte{claim, intent, success, told("outcome", 2, "failed")}, Account{Claims: []int64{1}, Intents: []int64{1}, Outcomes: []string{"success", "failed"}}},
		{"two claims of one epoch", [][]byte{claim, told("claim", 1, "other"), intent, success}, Account{Claims: []int64{1, 1}, Intents: []int64{1}, Outcomes: []string{"success"}}},
		{"no intent", [][]byte{claim, success}, Account{Claims: []int64{1}, Intents: nil, Outcomes: []string{"success"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, n, err := accounts(history(t, c.log...))
			if err != nil || n != len(c.log) || len(got) != 1 || !reflect.DeepEqual(*got["c-1"], c.want) {
				t.Errorf("%+v in %d leaves, %v; want %+v", got["c-1"], n, err, c.want)
			}
		})
	}
}

// TestDamagedAccounts: a log that cannot be read as a whole is no account at all.
func TestDamagedAccounts(t *testing.T) {
	for name, spoil := range map[string]func(logDir, records string){
		"a record is gone":   func(_, records string) { os.RemoveAll(records); os.Mkdir(records, 0o700) },
		"the bundle is gone": func(logDir, _ string) { os.RemoveAll(filepath.Join(logDir, "tile")) },
		"the bundle is torn": func(logDir, _ string) {
			os.Truncate(filepath.Join(logDir, "tile", "entries", "000.p", "2"), 20)
		},
		"another record in its place": func(_, records string) {
			all, _ := filepath.Glob(filepath.Join(records, "*"))
			os.WriteFile(all[0], []byte(`{"payloadType":"text","payload":"e30="}`), 0o600)
		},
	} {
		logDir, records := history(t, told("claim", 1, ""), told("intent", 1, ""))
		spoil(logDir, records)
		if got, _, err := accounts(logDir, records); err == nil {
			t.Errorf("%s, and the account is %+v", name, got["c-1"])
		}
	}
}
