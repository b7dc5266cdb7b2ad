package blobstore

import (
	"errors"
	"testing"
	"time"

	"github.com/valetkey/valetkey/bloberror"
)

var (
	t0 = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	t1 = t0.Add(time.Second)
)

func condition(t *testing.T, s string) *TagExpr {
	t.Helper()
	e, err := ParseTagCondition(s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestConditionsDecide(t *testing.T) {
	there := Target{Exists: true, ETag: "0x1", LastModified: t0.Add(300 * time.Millisecond), Tags: map[string]string{"k": "v"}}
	notMet, exists := error(bloberror.New(bloberror.ConditionNotMet)), error(bloberror.New(bloberror.BlobAlreadyExists))
	invalid := error(bloberror.New(bloberror.UnsatisfiableCondition))
	for _, tc := range []struct {
		name                        string
		c                           AccessConditions
		read, write, create, absent error
	}{
		{"none", AccessConditions{}, nil, nil, nil, nil},
		{"match", AccessConditions{IfMatch: []ETag{"0x2", "0x1"}}, nil, nil, nil, notMet},
		{"match any", AccessConditions{IfMatch: []ETag{AnyETag}}, nil, nil, nil, notMet},
		{"match other", AccessConditions{IfMatch: []ETag{"0x2"}}, notMet, notMet, notMet, notMet},
		{"none match", AccessConditions{IfNoneMatch: []ETag{"0x2"}}, nil, nil, nil, nil},
		{"none match same", AccessConditions{IfNoneMatch: []ETag{"0x1"}}, ErrNotModified, notMet, notMet, nil},
		{"none match any", AccessConditions{IfNoneMatch: []ETag{AnyETag}}, invalid, notMet, exists, nil},
		{"modified since earlier", AccessConditions{IfModifiedSince: t0.Add(-time.Second)}, nil, nil, nil, nil},
		{"modified since the same second", AccessConditions{IfModifiedSince: t0}, ErrNotModified, notMet, notMet, nil},
		{"unmodified since the same second", AccessConditions{IfUnmodifiedSince: t0}, nil, nil, nil, nil},
		{"unmodified since earlier", AccessConditions{IfUnmodifiedSince: t0.Add(-time.Second)}, notMet, notMet, notMet, nil},
		{"match outranks date", AccessConditions{IfMatch: []ETag{"0x1"}, IfUnmodifiedSince: t0.Add(-time.Hour)}, nil, nil, nil, notMet},
		{"none match outranks date", AccessConditions{IfNoneMatch: []ETag{"0x2"}, IfModifiedSince: t1}, nil, nil, nil, nil},
		{"tags", AccessConditions{IfTags: condition(t, `"k" = 'v'`)}, nil, nil, nil, notMet},
		{"other tags", AccessConditions{IfTags: condition(t, `"k" <> 'v'`)}, notMet, notMet, notMet, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, check := range []struct {
				kind      string
				got, want error
			}{
				{"read", tc.c.CheckRead(there), tc.read},
				{"write", tc.c.CheckWrite(there), tc.write},
				{"create", tc.c.CheckCreate(there), tc.create},
				{"create absent", tc.c.CheckCreate(Target{}), tc.absent},
			} {
				if (check.got == nil) != (check.want == nil) || !errors.Is(check.got, check.want) {
					t.Errorf("%s: got %v, want %v", check.kind, check.got, check.want)
				}
			}
		})
	}
}

func TestEveryFailureOfASourceIsSourceConditionNotMet(t *testing.T) {
	there := Target{Exists: true, ETag: "0x1", LastModified: t0}
	for _, c := range []AccessConditions{{IfMatch: []ETag{"0x2"}}, {IfNoneMatch: []ETag{"0x1"}}, {IfNoneMatch: []ETag{AnyETag}},
		{IfModifiedSince: t0}, {IfUnmodifiedSince: t0.Add(-time.Second)}} {
		if got := bloberror.CodeOf(c.CheckSource(there)); got != bloberror.SourceConditionNotMet {
			t.Errorf("%+v: got %s", c, got)
		}
	}
	if err := (&AccessConditions{IfMatch: []ETag{"0x1"}}).CheckSource(there); err != nil {
		t.Error(err)
	}
}
