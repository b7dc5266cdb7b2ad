package photo

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/valetkey/valetkey/internal/azure"
)

func TestAssemble(t *testing.T) {
	const size, block = 25, 10
	foreign := base64.StdEncoding.EncodeToString([]byte("000x00"))
	for name, tt := range map[string]struct {
		staged []azure.Block
		want   *Incomplete
	}{
		"whole":         {[]azure.Block{{ID: blockID(2), Size: 5}, {ID: blockID(0), Size: 10}, {ID: blockID(1), Size: 10}}, nil},
		"nothing":       {nil, &Incomplete{Missing: []string{blockID(0), blockID(1), blockID(2)}, Declared: size}},
		"gap":           {[]azure.Block{{ID: blockID(0), Size: 10}, {ID: blockID(2), Size: 5}}, &Incomplete{Missing: []string{blockID(1)}, Staged: 15, Declared: size}},
		"one too many":  {[]azure.Block{{ID: blockID(0), Size: 10}, {ID: blockID(1), Size: 10}, {ID: blockID(2), Size: 5}, {ID: blockID(3), Size: 1}}, &Incomplete{Unexpected: []string{blockID(3)}, Staged: 26, Declared: size}},
		"foreign id":    {[]azure.Block{{ID: foreign, Size: 10}, {ID: blockID(0), Size: 10}, {ID: blockID(1), Size: 10}, {ID: blockID(2), Size: 5}}, &Incomplete{Unexpected: []string{foreign}, Staged: 35, Declared: size}},
		"short a block": {[]azure.Block{{ID: blockID(0), Size: 9}, {ID: blockID(1), Size: 10}, {ID: blockID(2), Size: 5}}, &Incomplete{Staged: 24, Declared: size}},
	} {
		t.Run(name, func(t *testing.T) {
			ids, err := assemble(tt.staged, size, block)
			if tt.want == nil {
				if diff := cmp.Diff([]string{blockID(0), blockID(1), blockID(2)}, ids); err != nil || diff != "" {
					t.Errorf("%v, %v", err, diff)
				}
				return
			}
			var got *Incomplete
			if !errors.As(err, &got) {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBlockSizeGrowsWithTheLargestUpload(t *testing.T) {
	const mib = 1 << 20
	for _, tt := range []struct{ largest, preferred, want int64 }{
		{64 * mib, 4 * mib, 4 * mib},
		{50_000 * 4 * mib, 4 * mib, 4 * mib},
		{50_000*4*mib + 1, 4 * mib, 5 * mib},
	} {
		if got := blockSize(tt.largest, tt.preferred); got != tt.want {
			t.Errorf("blockSize(%d, %d) = %d, want %d", tt.largest, tt.preferred, got, tt.want)
		}
	}
}

func FuzzBlockNumber(f *testing.F) {
	f.Add(blockID(0))
	f.Add("MDAwMDAx")
	f.Fuzz(func(t *testing.T, id string) {
		if n, ok := blockNumber(id); ok && blockID(n) != id {
			t.Errorf("%q is block %d, which is %q", id, n, blockID(n))
		}
	})
}
