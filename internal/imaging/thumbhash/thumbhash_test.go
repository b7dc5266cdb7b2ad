package thumbhash

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
)

func noise(x, y, k int) int { return int(uint32(x*7919+y*104729+k*31+1) * 0x9e3779b1 >> 26) }

// picture makes the picture that testdata/vectors.mjs makes.
func picture(w, h, a, b, c, alpha int) []byte {
	rgba := make([]byte, 0, 4*w*h)
	for y := range h {
		for x := range w {
			for k := range 3 {
				rgba = append(rgba, byte(x*(a+k)+y*(b+2*k)+x*y*c+noise(x, y, k)))
			}
			if alpha == 1 {
				rgba = append(rgba, byte(noise(x, y, 3)*4+x&3))
			} else {
				rgba = append(rgba, 255)
			}
		}
	}
	return rgba
}

func TestEncodeEqualsTheReference(t *testing.T) {
	f, err := os.Open("testdata/vectors.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	vectors := 0
	for s := bufio.NewScanner(f); s.Scan(); {
		if strings.HasPrefix(s.Text(), "#") {
			continue
		}
		var w, h, a, b, c, alpha int
		var want string
		if _, err := fmt.Sscan(s.Text(), &w, &h, &a, &b, &c, &alpha, &want); err != nil {
			t.Fatalf("%q: %v", s.Text(), err)
		}
		vectors++
		if got := hex.EncodeToString(Encode(w, h, picture(w, h, a, b, c, alpha))); got != want {
			t.Errorf("%q:\n got %s\nwant %s", s.Text(), got, want)
		}
	}
	if vectors < 100 {
		t.Errorf("only %d vectors read", vectors)
	}
}

func TestEncodePanicsOnASizeItCannotTake(t *testing.T) {
	for _, tt := range []struct{ w, h, n int }{{0, 1, 0}, {1, 0, 0}, {101, 1, 404}, {1, 101, 404}, {2, 2, 15}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%dx%d with %d bytes did not panic", tt.w, tt.h, tt.n)
				}
			}()
			Encode(tt.w, tt.h, make([]byte, tt.n))
		}()
	}
}
