package jpeg

import (
	"cmp"
	"slices"
)

// optimal returns the best Huffman code for symbols that occur so often (K.2): how many codes it has of each length, 1
// to 16 bits, and the symbols, the most frequent first. Without any there is no code.
func optimal(counts *[256]int) (lengths [16]byte, symbols []byte) {
	var ofSize [257]int
	for _, size := range treeDepths(counts) {
		ofSize[size]++
	}
	// The longest codes go in pairs, siblings. One takes the place of their parent; the other moves, with a leaf from
	// higher up, below where that leaf was (figure K.3).
	for size := 256; size > 16; size-- {
		for ofSize[size] > 0 {
			leaf := size - 2
			for ofSize[leaf] == 0 {
				leaf--
			}
			ofSize[size] -= 2
			ofSize[size-1]++
			ofSize[leaf+1] += 2
			ofSize[leaf]--
		}
	}
	longest := 16
	for longest > 0 && ofSize[longest] == 0 {
		longest--
	}
	if longest == 0 {
		return lengths, nil
	}
	ofSize[longest]-- // the reserved code
	for i := range lengths {
		lengths[i] = byte(ofSize[i+1])
	}
	for symbol, n := range counts {
		if n > 0 {
			symbols = append(symbols, byte(symbol))
		}
	}
	slices.SortStableFunc(symbols, func(a, b byte) int { return cmp.Compare(counts[b], counts[a]) })
	return lengths, symbols
}

// treeDepths returns how deep each symbol lies in a Huffman tree (figure K.1), 0 for one that does not occur. Symbol 256
// is none: it occurs once and so takes the longest code, that of ones only, which may not be used (C.2).
func treeDepths(counts *[256]int) (depths [257]int) {
	var forest []tree
	for symbol, n := range counts {
		if n > 0 {
			forest = append(forest, tree{n, []int{symbol}})
		}
	}
	if len(forest) == 0 {
		return depths
	}
	forest = append(forest, tree{1, []int{256}})
	for len(forest) > 1 {
		a, b := takeRarest(&forest), takeRarest(&forest)
		joined := tree{a.count + b.count, append(a.leaves, b.leaves...)}
		for _, leaf := range joined.leaves {
			depths[leaf]++
		}
		forest = append(forest, joined)
	}
	return depths
}

// tree is some symbols that have one parent, and how often they occur together.
type tree struct {
	count  int
	leaves []int
}

// takeRarest takes the tree out of the forest that occurs least; the last of several.
func takeRarest(forest *[]tree) tree {
	f := *forest
	rarest := 0
	for i, t := range f {
		if t.count <= f[rarest].count {
			rarest = i
		}
	}
	t := f[rarest]
	*forest = append(f[:rarest], f[rarest+1:]...)
	return t
}
