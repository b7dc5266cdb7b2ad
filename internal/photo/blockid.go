package photo

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"

	"github.com/valetkey/valetkey/internal/azure"
)

const (
	maxBlocks    = 50000 // committed blocks a blob, https://learn.microsoft.com/rest/api/storageservices/put-block-list
	blockIDWidth = 6
)

// blockID is the base64 of the block's number in six digits, so that the server knows the order and sees a gap.
func blockID(n int) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%0*d", blockIDWidth, n))
}

func blockNumber(id string) (n int, ok bool) {
	text, err := base64.StdEncoding.DecodeString(id)
	if err != nil || len(text) != blockIDWidth {
		return 0, false
	}
	n, err = strconv.Atoi(string(text))
	return n, err == nil && n >= 0 && n < maxBlocks && blockID(n) == id
}

// blockSize is the size of every block but the last: the preferred one, or as much larger as it takes for the largest
// upload to stay within the blocks that a blob may have.
func blockSize(largest, preferred int64) int64 {
	const mib = 1 << 20
	if needed := (largest + maxBlocks - 1) / maxBlocks; needed > preferred {
		return (needed + mib - 1) / mib * mib
	}
	return preferred
}

// assemble puts staged blocks in order. It returns *[Incomplete] unless they are the blocks 0, 1, 2 … of an upload of
// exactly size bytes.
func assemble(staged []azure.Block, size, blockSize int64) ([]string, error) {
	want := int((size + blockSize - 1) / blockSize)
	trouble := &Incomplete{Declared: size}
	have := make(map[int]bool, len(staged))
	for _, b := range staged {
		trouble.Staged += b.Size
		if n, ok := blockNumber(b.ID); ok && n < want {
			have[n] = true
		} else if len(trouble.Unexpected) < MaxNamedBlocks {
			trouble.Unexpected = append(trouble.Unexpected, b.ID)
		}
	}
	ids := make([]string, want)
	for n := range want {
		ids[n] = blockID(n)
		if !have[n] && len(trouble.Missing) < MaxNamedBlocks {
			trouble.Missing = append(trouble.Missing, ids[n])
		}
	}
	if len(trouble.Missing) > 0 || len(trouble.Unexpected) > 0 || trouble.Staged != size {
		slices.Sort(trouble.Unexpected)
		return nil, trouble
	}
	return ids, nil
}
