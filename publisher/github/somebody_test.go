package github

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/omega/marketops/publisher"
)

// dying is a journal whose process dies with the first request that got no proper answer.
type dying struct {
	*diary
	kill func()
}

func (d *dying) Call(e publisher.CallEvidence) error {
	if e.Status == 0 {
		d.kill()
		return context.Canceled
	}
	return d.diary.Call(e)
}

// somebody is another person with rights to write, at the API and without our code.
func (s *stage) outsider(method, path string, body, out any) error {
	raw, media := []byte(nil), "application/json"
	switch b := body.(type) {
	case nil:
	case []byte:
		raw, media = b, "application/octet-stream"
	default:
		raw = must(json.Marshal(body))
	}
	base := s.srv.API()
	if media == "application/octet-stream" {
		base = s.srv.Uploads()
	}
	req := must(http.NewRequest(method, base+"repos/octo-org/widgets/"+path, bytes.NewReader(raw)))
	req.Header.Set("Authorization", "Bearer another-token")
	req.Header.Set("Content-Type", media)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %d %s %w", method, path, res.StatusCode, answer, err)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// makes is somebody, who must succeed.
func (s *stage) makes(method, path string, body any) release {
	s.Helper()
	var out release
	if err := s.outsider(method, path, body, &out); err != nil {
		s.Fatal(err)
	}
	return out
}
