package claims

import (
	"context"
	"database/sql"
	"strings"
	"testing"
)

// TestPagesReadNothingElse: the database finds a page, and what came since, by an index in the order that is asked
// for: no page costs what the run has.
func TestPagesReadNothingElse(t *testing.T) {
	t.Parallel()
	l := open(t)
	for _, query := range []string{
		`SELECT leaf FROM frozen WHERE run_id = 'r' AND run_id <> '' AND log_index >= 5 ORDER BY log_index LIMIT 10`,
		`SELECT leaf FROM frozen WHERE run_id = 'r' AND run_id <> '' AND seq > 5 AND kind IN('submission','approval','receipt') ORDER BY seq`,
		`SELECT coalesce(max(seq), 0) FROM frozen WHERE run_id = 'r' AND run_id <> ''`,
	} {
		plan, err := do(context.Background(), l.Ledger, func(t *tx) (plan string, err error) {
			err = t.list(`EXPLAIN QUERY PLAN `+query, nil, func(rows *sql.Rows) error {
				var a, b, c int
				var line string
				err := rows.Scan(&a, &b, &c, &line)
				plan += line + "\n"
				return err
			})
			return plan, err
		})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan, "SEARCH frozen USING") || strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "SCAN") {
			t.Errorf("%s\n%s", query, plan)
		}
		t.Log(plan)
	}
}
