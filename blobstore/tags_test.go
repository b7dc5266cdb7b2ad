package blobstore

import (
	"strings"
	"testing"
)

func TestTagExpressions(t *testing.T) {
	tags := map[string]string{"a": "1", "b c": "it's", "Date": "2026-05-01"}
	for _, tc := range []struct {
		s                string
		query, condition bool // whether it parses as one
		want             bool
	}{
		{`"a" = '1'`, true, true, true},
		{`a='1'`, true, true, true},
		{`"a" = '2'`, true, true, false},
		{`"b c" = 'it''s'`, true, true, true},
		{`"Date" >= '2026-01-01' AND "Date" < '2027-01-01'`, true, true, true},
		{`"Date" > '2026-05-01'`, true, true, false},
		{`"date" = '2026-05-01'`, true, true, false},
		{`"a" <= '1' and "x" = '1'`, true, true, false},
		{`"a" <> '1'`, false, true, false},
		{`"x" <> '1'`, false, true, true},
		{`"x" = '1' OR "a" = '1' AND "b c" = 'no'`, false, true, false},
		{`("x" = '1' OR "a" = '1') AND "Date" <> ''`, false, true, true},
		{`@container = 'c' AND "a" = '1'`, true, false, true},
		{`@container > 'c'`, false, false, false},
		{``, false, false, false},
		{`"a"`, false, false, false},
		{`"a" = `, false, false, false},
		{`"a" = 1`, false, false, false},
		{`"a" = '1`, false, false, false},
		{`"" = '1'`, false, false, false},
		{`"a" = '1' "b" = '2'`, false, false, false},
		{`"a" = '1' ANDb = '2'`, false, false, false},
		{`("a" = '1'`, false, false, false},
		{strings.Repeat("(", 33) + `a='1'` + strings.Repeat(")", 33), false, false, false},
		{strings.Repeat("(", 32) + `a='1'` + strings.Repeat(")", 32), false, true, true},
		{`a='` + strings.Repeat("x", MaxTagExprSize-4) + `'`, true, true, false},
		{`a='` + strings.Repeat("x", MaxTagExprSize-3) + `'`, false, false, false},
	} {
		q, err := ParseTagQuery(tc.s)
		if (err == nil) != tc.query {
			t.Errorf("query %.60s: %v", tc.s, err)
		}
		c, err := ParseTagCondition(tc.s)
		if (err == nil) != tc.condition {
			t.Errorf("condition %.60s: %v", tc.s, err)
		}
		for _, e := range []*TagExpr{q, c} {
			if e != nil && e.Match("c", tags) != tc.want {
				t.Errorf("%.60s: matched %v", tc.s, !tc.want)
			}
		}
	}
}

func TestTagQueryNamesItsKeysAndContainer(t *testing.T) {
	e, err := ParseTagQuery(`b = '1' AND @container = 'pics' AND "a" > '2' AND b < '3'`)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(e.Keys(), ","); got != "a,b" || e.Container() != "pics" {
		t.Errorf("keys %s, container %s", got, e.Container())
	}
}

func FuzzParseTags(f *testing.F) {
	for _, s := range []string{`"a" = '1'`, `@container='x' AND a>='b'`, `(a='1' OR b<>'2')`, `"`, `'`, `a=''`, `((`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, parse := range []func(string) (*TagExpr, error){ParseTagQuery, ParseTagCondition} {
			e, err := parse(s)
			if (e == nil) == (err == nil) {
				t.Fatalf("%v and %v", e, err)
			}
			if e != nil {
				e.Match("c", map[string]string{"a": s})
				if len(e.Keys()) > len(s) {
					t.Fatal("more keys than bytes")
				}
			}
		}
	})
}
